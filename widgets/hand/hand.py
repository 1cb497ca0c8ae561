"""Mouse and keyboard as an operator input: the dead-man, the twist, and the beats that carry them.

Every beat is stamped here, in the Qt thread, at the moment the thread looked at the input. Nothing else stamps or
repeats one, so a release, a lost focus, a modal dialog or a stalled event loop ends motion by itself: the newest stamp
grows old, and the receivers next to the motor own the deadline.

::

    RELEASED -- dead-man pressed --> HELD -- released ----------------------------> RELEASED
                                      |
                                      +-- focus lost, dialog, stall, Esc --> LOST -- released --> RELEASED
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QWindow
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from app.core.wire.messages import SCHEMA_VERSION, Beat
from app.teleop.modes import Clutch, LockButton
from app.teleop.settings import Settings
from widgets.bridge.bridge import Bridge
from widgets.hand.keys import (
    CLUTCH,
    DEAD_MAN,
    FINE,
    FIRST_SPEED,
    GRIPPER,
    HOME,
    LOCK,
    MOTION,
    NEXT_ARM,
    SPEED,
    SPEEDS,
    hindrance_of,
)
from widgets.hand.physical import HeldKey

BEAT_MS = 10
STALL_NS = 60_000_000  # the age at which a token expires: a thread that slept so long has lost the hand
WHEEL_NS = 120_000_000  # one notch of the wheel moves for so long
TYPING = (QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit)


class Grip(StrEnum):
    """Whether the dead-man is held."""

    RELEASED = "released"
    HELD = "held"
    LOST = "lost"


class Hand(QObject):
    """The one hand of the window.

    Signals:
        changed(): Grip, speed or motion changed.
        lost(str): Motion ended by something other than a release; the text says by what.

    Attributes:
        grip: State of the dead-man.
        press: Counts the presses that enabled.
        dead_man: The key that must be held.
    """

    changed = Signal()
    lost = Signal(str)

    def __init__(
        self, bridge: Bridge, parent: QObject | None = None, now_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._now_ns = now_ns
        self.grip = Grip.RELEASED
        self.press = 0
        self.dead_man = DEAD_MAN
        self._speed = FIRST_SPEED
        self._clutch, self._lock, self._settings = Clutch(), LockButton(), Settings()
        self._free = np.ones(6, dtype=bool)
        self._space = self._mouse = False
        self._held_key = HeldKey()
        self._keys: set[Qt.Key] = set()
        self._mouse_twist = np.zeros(6)
        self._wheel_sign, self._wheel_until = 0.0, 0
        self._axes = np.eye(3)
        self._endpoint = ""
        self._last_ns = self._arm = 0
        self._surface: QWidget | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self.beat)
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    @property
    def engaged(self) -> bool:
        """Whether beats go to an operator process."""
        return bool(self._endpoint)

    @property
    def speed(self) -> float:
        """Factor 0..1 on the rig's teleoperation speed."""
        return SPEEDS[self._speed]

    @property
    def clutched(self) -> bool:
        """Whether the arm stands while the hand moves on."""
        return self._clutch.engaged

    @property
    def fine(self) -> bool:
        """Whether the fine scale is on."""
        return FINE in self._keys

    @property
    def modes(self) -> str:
        """What is not as usual, in words."""
        words = ("clutch" * self.clutched, "fine" * self.fine, self._lock.lock.words)
        return ", ".join(word for word in words if word)

    def configure(self, settings: Settings) -> None:
        """Take the settings of mouse and keyboard."""
        self._settings = settings
        self._clutch.set_mode(settings.clutch)
        away, left, up, about_away, about_left, about_up = settings.free
        self._free = np.array(
            [left, away, up, about_left, about_away, about_up]
        )  # right, away, up as keys have them
        self.changed.emit()

    def set_dead_man(self, key: Qt.Key) -> str:
        """Let another key be the dead-man (a foot pedal sends one); returns why it cannot be, empty if it is now."""
        hindrance = hindrance_of(key)
        if not hindrance and key != self.dead_man:
            self.drop("the dead-man is another key now")
            self._space, self.dead_man = False, key
            self._regrip()
        return hindrance

    @property
    def moving(self) -> bool:
        """Whether the dead-man is held and something is pressed that moves the arm."""
        return self.grip is Grip.HELD and bool(self._twist().any() or self._gripper() or self._home())

    def engage(self, endpoint: str, surface: QWidget) -> None:
        """Send beats to an operator's input while `surface` is visible (it is the page that drives)."""
        self._surface = surface
        if endpoint == self._endpoint:
            return
        self.disengage()
        self._endpoint = endpoint
        if endpoint:
            self._bridge.connect_input(endpoint)
            self._last_ns = self._now_ns()
            self._timer.start()
        self.changed.emit()

    def disengage(self) -> None:
        """Send no more beats."""
        if self._endpoint:
            self.drop("")
            self._timer.stop()
            self._endpoint = ""
            self._bridge.connect_input("")
            self.changed.emit()

    def set_view(self, right: np.ndarray, away: np.ndarray, up: np.ndarray) -> None:
        """Say which directions of the base frame (unit vectors) right, away and up are for the person."""
        self._axes = np.stack([right, away, up])

    def change_speed(self, steps: int) -> None:
        """Go to a slower or faster speed."""
        self._speed = int(np.clip(self._speed + steps, 0, len(SPEEDS) - 1))
        self.changed.emit()

    def hold_mouse(self, held: bool) -> None:
        """The mouse button on a view went down or up: it is a dead-man too."""
        self._mouse = held and self.engaged
        self._mouse_twist = np.zeros(6)
        self._regrip()

    def drag(self, twist_base: np.ndarray) -> None:
        """Where the mouse pulls: twist (6,) in −1..1, base frame."""
        self._mouse_twist = np.clip(twist_base, -1.0, 1.0)

    def wheel(self, notches: float) -> None:
        """The wheel turned: move up (+) or down for a moment, if the dead-man is held."""
        if self.grip is Grip.HELD:
            self._wheel_sign = float(np.sign(notches))
            self._wheel_until = self._now_ns() + WHEEL_NS

    def drop(self, why: str) -> None:
        """End motion now; the dead-man must be released and pressed again. `why` empty: nothing is said."""
        held = self.grip is Grip.HELD
        self._keys.clear()
        self._clutch.press(False)
        self._mouse_twist = np.zeros(6)
        self._wheel_until = 0
        if not held:
            return
        self.grip = Grip.LOST
        self._send()
        if why:
            self.lost.emit(why)
        self.changed.emit()

    def beat(self) -> None:
        """One look at the input, from the timer: detects what ends motion, stamps and sends a beat."""
        now = self._now_ns()
        late_ns, self._last_ns = now - self._last_ns, now
        if self._space and self._held_key.went_up():
            held = self.grip is Grip.HELD
            self._release(self.dead_man)
            if held:
                self.lost.emit("the dead-man is up, though its release was not heard of")
            return
        if self.grip is Grip.HELD:
            if late_ns > STALL_NS:
                self.drop(f"the window stalled for {late_ns * 1e-6:.0f} ms")
                return
            hindrance = self._hindrance()
            if hindrance:
                self.drop(hindrance)
                return
        self._send()

    def _hindrance(self) -> str:
        if QApplication.activeModalWidget() is not None:
            return "a dialog is open"
        if QApplication.activePopupWidget() is not None:
            return "a menu is open"
        if self._surface is None or not self._surface.isVisible():
            return "another workspace is open"
        if not self._surface.isActiveWindow():
            return "the window is not in front"
        return ""

    def _send(self) -> None:
        if not self._endpoint:
            return
        held = self.grip is Grip.HELD
        twist = self._twist() if held else np.zeros(6)
        beat = Beat(
            SCHEMA_VERSION,
            self._now_ns(),
            held,
            self.press,
            tuple(float(value) for value in twist),
            self.speed * (self._settings.fine if self.fine else 1.0),
            self._gripper() if held else 0.0,
            held and self._home(),
            self.clutched,
            self.fine,
            int(self._lock.lock),
            self._arm,
        )
        self._bridge.send_beat(beat)

    def _twist(self) -> np.ndarray:
        view = np.zeros(6)
        for key in self._keys:
            axis, sign = MOTION.get(key, (0, 0.0))
            view[axis] += sign
        if self._now_ns() < self._wheel_until:
            view[2] += self._wheel_sign
        if self.clutched:
            return np.zeros(6)
        view += np.concatenate([self._axes @ self._mouse_twist[:3], self._axes @ self._mouse_twist[3:]])
        view[~self._free] = 0.0
        base = np.concatenate([view[:3] @ self._axes, view[3:] @ self._axes])
        return np.clip(self._lock.lock.apply(base), -1.0, 1.0)

    def _gripper(self) -> float:
        if self.clutched:
            return 0.0
        return float(np.clip(sum(GRIPPER.get(key, 0.0) for key in self._keys), -1.0, 1.0))

    def _home(self) -> bool:
        return HOME in self._keys and not self.clutched

    def _regrip(self) -> None:
        held = self._space or self._mouse
        if not held:
            self.grip = Grip.RELEASED
        elif self.grip is Grip.RELEASED:
            self.press += 1
            self.grip = Grip.HELD
        self._send()
        self.changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys of the key map while the driving page is in front and nobody types."""
        kind = event.type()
        if kind == QEvent.Type.ApplicationDeactivate or (
            kind == QEvent.Type.WindowDeactivate
            and self._surface is not None
            and watched is self._surface.window()
        ):
            self.drop("the window lost the focus")
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and isinstance(event, QKeyEvent):
            return isinstance(watched, (QWidget, QWindow)) and self._on_key(
                event, kind == QEvent.Type.KeyPress
            )
        return False

    def _on_key(self, event: QKeyEvent, pressed: bool) -> bool:
        key = Qt.Key(event.key())
        if not pressed and not event.isAutoRepeat():
            return self._release(key)
        if not self._listening() or event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        ):
            return False
        held = (self.dead_man, HOME, CLUTCH, FINE, LOCK, NEXT_ARM)
        known = key in held or key in MOTION or key in GRIPPER or key in SPEED
        if known and not event.isAutoRepeat():
            if key == self.dead_man:
                self._held_key.press(event)
            self._press(key)
        return known

    def _listening(self) -> bool:
        surface = self._surface
        if not self.engaged or surface is None or not surface.isVisible() or not surface.isActiveWindow():
            return False
        blocked = QApplication.activeModalWidget() is not None or QApplication.activePopupWidget() is not None
        focus = QApplication.focusWidget()
        elsewhere = focus is not None and focus is not surface and not surface.isAncestorOf(focus)
        return not blocked and not elsewhere and not isinstance(focus, TYPING)

    def _press(self, key: Qt.Key) -> None:
        if key == self.dead_man:
            self._space = True
            self._regrip()
        elif key == LOCK:
            self._lock.press(True)
            self._lock.press(False)
            self.changed.emit()
        elif key == NEXT_ARM:
            self._arm += 1
            self._send()
        elif key in SPEED:
            self.change_speed(SPEED[key])
        else:
            self._keys.add(key)
            if key == CLUTCH:
                self._clutch.press(True)
            self._send()
            self.changed.emit()

    def _release(self, key: Qt.Key) -> bool:
        if key == self.dead_man and self._space:
            self._space = False
            self._held_key.release()
            self._regrip()
            return True
        if key in self._keys:
            self._keys.discard(key)
            if key == CLUTCH:
                self._clutch.press(False)
            self._send()
            self.changed.emit()
            return True
        return False

    def close(self) -> None:
        """Stop listening."""
        self.disengage()
        self._held_key.close()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
