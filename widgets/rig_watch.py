"""Whether a device server that the window joined still answers: nobody else tells of the end of another's process."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from widgets.bridge.bridge import Bridge
from widgets.bridge.letters import Answer

ASK_MS = 1000
ANSWER_S = 0.9
MISSES = 3  # a link that stalls for less is none that has gone


class RigWatch(QObject):
    """Asks for the server's status once a second while it is on.

    Signals:
        silent(float): For so many seconds no question was answered; the watch is off then.
    """

    silent = Signal(float)

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._missed = self._round = 0
        self._timer = QTimer(self)
        self._timer.setInterval(ASK_MS)
        self._timer.timeout.connect(self._ask)

    def start(self) -> None:
        """Watch from now on."""
        self._missed = 0
        self._round += 1
        self._timer.start()

    def stop(self) -> None:
        """Watch no more; answers that are still on their way count for nothing."""
        self._round += 1
        self._timer.stop()

    def _ask(self) -> None:
        this = self._round
        self._bridge.command("status", lambda answer: self._on_answer(this, answer), ANSWER_S)

    def _on_answer(self, asked_in: int, answer: Answer) -> None:
        if asked_in != self._round:
            return
        self._missed = 0 if answer.ok else self._missed + 1
        if self._missed >= MISSES:
            self.stop()
            self.silent.emit(MISSES * ASK_MS / 1000.0)
