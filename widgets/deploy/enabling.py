"""The person's consent while a policy drives: enabling inputs, stamped in the Qt thread, to the device server.

::

    OFF -- press() --> ON -- drop(), focus lost, dialog, stall, another workspace --> LOST
     ^                  |                                                              |
     +----- release() --+--------------------------------------------------------------+

Nothing else stamps or repeats an input, so a stalled window ends motion by itself: the governor beside the motor owns
the deadline. After that only a new press counts, never a repeated one: the series ends, and Go begins another. That
holds on a simulated rig as well; one that nobody wants to watch is enabled by itself instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.core.wire.messages import SCHEMA_VERSION, Enable
from widgets.bridge.bridge import Bridge

BEAT_MS = 10
STALL_NS = 60_000_000  # the age at which the governor lets an input expire
HOLDER = "window"


class Consent(StrEnum):
    """Whether motion is enabled."""

    OFF = "off"
    ON = "on"
    LOST = "lost"


class Enabling(QObject):
    """Sends enabling inputs for as long as the person agrees and watches.

    Signals:
        changed(): `consent` changed.
        lost(str): Motion is not enabled any more; the text says why.

    Args:
        surface: The page that must be in front.
    """

    changed = Signal()
    lost = Signal(str)

    def __init__(
        self, bridge: Bridge, surface: QWidget, now_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        super().__init__(surface)
        self._bridge, self._surface, self._now_ns = bridge, surface, now_ns
        self.consent = Consent.OFF
        self.number = 0
        self._last_ns = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self.beat)

    def press(self) -> None:
        """The person agrees: a new press, sent from now on, unless nobody watches by now."""
        self._last_ns = self._now_ns()
        self._enter(Consent.ON)
        if hindrance := self._hindrance():
            self.drop(hindrance)
            return
        self.number += 1
        self._timer.start()
        self._send()

    def release(self) -> None:
        """Nothing drives any more."""
        self._timer.stop()
        self._enter(Consent.OFF)

    def drop(self, why: str) -> None:
        """End motion; a new press is needed."""
        if self.consent is Consent.ON:
            self._timer.stop()
            self._enter(Consent.LOST)
            self.lost.emit(why)

    def beat(self) -> None:
        """One look at what could end consent, from the timer; then one input, stamped now."""
        now = self._now_ns()
        late_ns, self._last_ns = now - self._last_ns, now
        if late_ns > STALL_NS:
            self.drop(f"the window stalled for {late_ns * 1e-6:.0f} ms")
        elif hindrance := self._hindrance():
            self.drop(hindrance)
        else:
            self._send()

    def _hindrance(self) -> str:
        if QApplication.activeModalWidget() is not None:
            return "a dialog is open"
        if not self._surface.isVisible():
            return "another workspace is open"
        return "" if self._surface.isActiveWindow() else "the window is not in front"

    def _send(self) -> None:
        self._bridge.send_enable(Enable(SCHEMA_VERSION, HOLDER, self._now_ns(), self.number, headless=False))

    def _enter(self, consent: Consent) -> None:
        if consent is not self.consent:
            self.consent = consent
            self.changed.emit()
