"""A window that no person sits at: let it live until something came, and close it. Used by `shots` and the benches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.errors import ProcessError

if TYPE_CHECKING:
    from widgets.session import Session

STEP_S = 0.05
END_S = 60.0


class Unattended:
    """Lets the events of a session be handled.

    Args:
        name: What the program is called in errors.
    """

    def __init__(self, session: Session, name: str) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        self._session, self._name = session, name
        self._loop = QEventLoop()
        self._alarm = QTimer(singleShot=True)
        self._alarm.timeout.connect(self._loop.quit)

    def wait(
        self, condition: Callable[[], bool], what: str, timeout_s: float, step_s: float = STEP_S
    ) -> None:
        """Let the window live until `condition()` holds; it is asked every `step_s`, at each event if that is 0.

        Raises:
            ProcessError: It does not within `timeout_s`; says what the window had to tell.
        """
        from PySide6.QtCore import QCoreApplication, QEventLoop

        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                said = [item.text for item in self._session.notifications.items][-3:]
                raise ProcessError(
                    f"{self._name}, {what}", f"it did not come within {timeout_s:g} s; messages: {said}"
                )
            if step_s:
                self.pause(step_s)
            else:
                QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    def pause(self, seconds: float) -> None:
        """Let the window live for a while.

        One timer serves all pauses: PySide keeps some bytes of each `QTimer.singleShot` on a bound method for good,
        7 MB in an hour of pauses of 50 ms.
        """
        self._alarm.start(int(seconds * 1000))
        self._loop.exec()

    def end(self) -> None:
        """Close the window as a person would, and wait for the children."""
        self._session.window.close()
        self.wait(lambda: not self._session.context.jobs.running(), "the processes to end", END_S)
