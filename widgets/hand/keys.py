"""The key map of teleoperation as data: the hand reads it, the key-map overlay shows it, buttons draw it."""

from __future__ import annotations

from PySide6.QtCore import Qt

Key = Qt.Key

DEAD_MAN = Key.Key_Space
HOME = Key.Key_H
TARE = Key.Key_T
GRIPPER = {Key.Key_R: 1.0, Key.Key_F: -1.0}
SPEED = {Key.Key_Minus: -1, Key.Key_Equal: 1, Key.Key_Plus: 1, Key.Key_Underscore: -1}
SPEEDS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
FIRST_SPEED = 3

# key: (axis of the twist in the operator's view: 0 right, 1 away, 2 up, 3..5 rotations about them; sign)
MOTION: dict[Qt.Key, tuple[int, float]] = {
    Key.Key_D: (0, 1.0),
    Key.Key_A: (0, -1.0),
    Key.Key_W: (1, 1.0),
    Key.Key_S: (1, -1.0),
    Key.Key_E: (2, 1.0),
    Key.Key_Q: (2, -1.0),
    Key.Key_Down: (3, 1.0),
    Key.Key_Up: (3, -1.0),
    Key.Key_Right: (4, 1.0),
    Key.Key_Left: (4, -1.0),
    Key.Key_Comma: (5, 1.0),
    Key.Key_Period: (5, -1.0),
}

# What a person reads, in groups that start with a row ("", heading).
HELP: tuple[tuple[str, str], ...] = (
    ("", "Move the arm"),
    ("Space (hold)", "Dead-man: the arm moves only while it is held"),
    ("W  A  S  D", "Away, left, towards you, right, as the scene camera sees it"),
    ("E  Q", "Up, down"),
    ("↑  ↓", "Tilt forward, back"),
    ("←  →", "Tilt left, right"),
    (",  .", "Turn left, right"),
    ("R  F", "Gripper open, close"),
    ("−  +", "Slower, faster"),
    ("H (hold)", "Go home, with the dead-man held"),
    ("", "With the mouse"),
    ("Press and drag", "On a camera picture: move in its plane; the button is the dead-man"),
    ("Wheel", "While the dead-man is held: up, down"),
)
EVERYWHERE: tuple[tuple[str, str], ...] = (
    ("", "Everywhere"),
    ("Esc", "Software stop: all motion ends; hold Space again to go on"),
    ("Ctrl+1 … Ctrl+5", "Collect, Review, Augment, Train, Deploy"),
    ("F1 or ?", "This key map"),
    ("Ctrl+M", "Messages"),
    ("Ctrl+Shift+T", "Dark or light theme"),
    ("Ctrl+Q", "Close the window"),
)
