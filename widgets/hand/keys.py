"""The key map of teleoperation as data: the hand reads it, the key-map overlay shows it, buttons draw it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

Key = Qt.Key

DEAD_MAN = Key.Key_Space
HOME = Key.Key_H
TARE = Key.Key_T
CLUTCH = Key.Key_C
FINE = Key.Key_V
LOCK = Key.Key_X
NEXT_ARM = Key.Key_N
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
    ("V (hold)", "Fine: a quarter of the speed, or what the input's settings say"),
    ("X", "What may move: all, move only, turn only, one axis"),
    ("C", "Clutch: the arm stands while the hand moves on"),
    ("N", "The other arm, on a rig with two; the one that is left holds its place"),
    ("H (hold)", "Go home, with the dead-man held"),
    ("I", "Choose the input: SpaceMouse, gamepad, leader arm, and their settings"),
    ("", "With the mouse"),
    ("Press and drag", "On a camera picture: move in its plane; the button is the dead-man"),
    ("Wheel", "While the dead-man is held: up, down"),
)
EVERYWHERE: tuple[tuple[str, str], ...] = (
    ("", "Everywhere"),
    ("Esc", "Software stop, not an emergency stop: all motion ends; hold Space again to go on"),
    ("Ctrl+1 … Ctrl+5", "Collect, Review, Augment, Train, Deploy"),
    ("F1 or ?", "This key map"),
    ("Ctrl+M", "Messages"),
    ("Ctrl+Shift+M", "Tones that follow the contact force, on or off"),
    ("Ctrl+Shift+T", "Dark or light theme"),
    ("Ctrl+Q", "Close the window"),
)

# What has another meaning in the workspace that drives, beside the keys above: the dead-man can be none of them.
TAKEN = frozenset(
    {
        HOME, TARE, CLUTCH, FINE, LOCK, NEXT_ARM, *GRIPPER, *SPEED, *MOTION, Key.Key_Escape, Key.Key_Return,
        Key.Key_Enter, Key.Key_Backspace, Key.Key_Tab, Key.Key_Backtab, Key.Key_P, Key.Key_I, Key.Key_F1,
        Key.Key_Question,
    }
)  # fmt: skip
MODIFIERS = frozenset(
    {Key.Key_Shift, Key.Key_Control, Key.Key_Alt, Key.Key_AltGr, Key.Key_Meta, Key.Key_CapsLock}
)


def name_of(key: Qt.Key) -> str:
    """Return what stands on a key."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) or f"key {key.value}"


def hindrance_of(key: Qt.Key) -> str:
    """Return why a key cannot be the dead-man; empty if it can."""
    if key in MODIFIERS:
        return "a key that changes others cannot be the dead-man"
    if key in TAKEN:
        return f"{name_of(key)} has another meaning here"
    if key in (Key.Key_unknown, Key(0)):
        return "this key has no name; let the pedal send another one, F13 for example"
    return ""


def with_dead_man(rows: tuple[tuple[str, str], ...], key: Qt.Key) -> tuple[tuple[str, str], ...]:
    """Return rows of help in which the dead-man's key is the one that was chosen."""
    if key == DEAD_MAN:
        return rows
    return tuple(
        (name_of(key) + row[0].removeprefix("Space"), row[1]) if row[0] == "Space (hold)" else (
            row[0], row[1].replace("hold Space", f"hold {name_of(key)}")
        )
        for row in rows
    )  # fmt: skip
