"""Where errors come from: Python's exception hooks, Qt's messages, child processes. All end in `Notifications`."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from app.core.errors import TouchstoneError
from widgets.bridge.jobs import Job, Jobs
from widgets.notifications.centre import Level, Notifications
from widgets.notifications.echo import Echo

# The platform says these of screens without a compositor or a window manager; they mean nothing to a person.
QUIET = (
    "propagateSizeHints",
    "does not support raise",
    "QFont::setPointSize",
    "This plugin does not support",
)
ROLE_TITLES = {
    "serve": "The rig",
    "collect": "Recording",
    "read": "The episode reader",
    "cloud": "The cloud of the depth cameras",
    "splat": "The drawing of the cloud",
    "augment": "Augmentation",
    "train": "Training",
    "deploy": "Deployment",
}


class Hooks:
    """Installs the hooks, and takes them out again with `remove`."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications
        self._old_hook = sys.excepthook
        self._old_thread_hook = threading.excepthook
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        self._old_qt: Callable[[QtMsgType, QMessageLogContext, str], object] | None = qInstallMessageHandler(
            self._on_qt_message
        )

    def remove(self) -> None:
        """Put the hooks back that were there before."""
        sys.excepthook = self._old_hook
        threading.excepthook = self._old_thread_hook
        qInstallMessageHandler(self._old_qt)

    def _on_exception(
        self, kind: type[BaseException], value: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._old_hook(kind, value, trace)
            return
        self._post(value, trace)

    def _on_thread_exception(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._post(arguments.exc_value, arguments.exc_traceback)

    def _post(self, value: BaseException, trace: TracebackType | None) -> None:
        detail = "".join(traceback.format_exception(type(value), value, trace))
        print(detail, file=sys.stderr, flush=True)
        if isinstance(value, TouchstoneError):
            self._notifications.post("error", value.sentence(), detail=detail)
        else:
            text = f"Something in the window failed ({type(value).__name__}: {value}). The other processes go on."
            self._notifications.post("error", text, detail=detail)

    def _on_qt_message(self, kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if any(words in text for words in QUIET):
            return
        print(text, file=sys.stderr, flush=True)
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
            level: Level = "warning" if kind == QtMsgType.QtWarningMsg else "error"
            self._notifications.post(level, f"The window toolkit says: {text}")


def how_it_ended(status: int) -> str:
    """Return the end of a process in words, by its exit status."""
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"


def said(status: int, words: str) -> str:
    """Return the last words of a process after a colon; one that was killed need not have any."""
    if words:
        return f": {words}"
    return "." if status < 0 else ": it said nothing"


def follow_jobs(jobs: Jobs, notifications: Notifications) -> None:
    """Post what children notice, and how they died."""

    echo = Echo(notifications)

    def on_notice(job: Job, level: str, text: str) -> None:
        known: Level = "error" if level == "error" else "warning" if level == "warning" else "info"
        echo.post(known, text, job.role)

    def on_death(job: Job, status: int, words: str) -> None:
        title = ROLE_TITLES.get(job.role, f"The process {job.role}")
        notifications.post("error", f"{title} {how_it_ended(status)}{said(status, words)}", job.role)

    def on_step(job: Job, step: str) -> None:
        if step != "asked":
            title = ROLE_TITLES.get(job.role, f"The process {job.role}")
            notifications.post("warning", f"{title} did not end when asked and was {step}.", job.role)

    jobs.noticed.connect(on_notice)
    jobs.died.connect(on_death)
    jobs.stepped.connect(on_step)
