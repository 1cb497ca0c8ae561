"""Child processes as pages see them: one `Job` each, with signals. Every role is started as a user would type it."""

from __future__ import annotations

import itertools
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.core.wire.messages import Event
from widgets.bridge.io_thread import IoThread
from widgets.bridge.letters import ChildEnded, ChildSpoke, StopStep


class Job(QObject):
    """One child process: `python main.py ROLE ARGUMENTS`.

    Signals:
        ready(dict): The child is set up; the body carries endpoints and the like.
        progress(dict), state(dict): Bodies of its events.
        notice(str, str): Level (info, warning, error) and text for the person.
        result(dict): The role's JSON keys.
        ended(int, str): Exit status and its last words (empty if it was quiet). Comes exactly once.
    """

    ready = Signal(dict)
    progress = Signal(dict)
    state = Signal(dict)
    notice = Signal(str, str)
    result = Signal(dict)
    ended = Signal(int, str)

    def __init__(
        self, number: int, role: str, arguments: tuple[str, ...], io: IoThread, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.number = number
        self.role = role
        self.arguments = arguments
        self.running = True
        self.stopping = False
        self.ready_body: dict[str, Any] | None = None
        self.result_body: dict[str, Any] | None = None
        self._io = io

    def intent(self, name: str, **body: Any) -> None:
        """Tell the child what the person wants (protocols.md lists the intents of each role)."""
        if self.running:
            self._io.post(lambda: self._io.table.intent(self.number, name, body))

    def stop(self) -> None:
        """Ask the child to end; the ladder goes on to terminate and kill if it does not."""
        if self.running:
            self.stopping = True
            self._io.post(lambda: self._io.table.stop(self.number))

    def hear(self, event: Event) -> None:
        """Turn one event of the child into the signal of its kind."""
        body = event.body
        if event.kind == "ready":
            self.ready_body = body
            self.ready.emit(body)
        elif event.kind == "progress":
            self.progress.emit(body)
        elif event.kind == "state":
            self.state.emit(body)
        elif event.kind == "notice":
            self.notice.emit(str(body.get("level", "info")), str(body.get("text", "")))
        elif event.kind == "result":
            self._take_result(body)

    def finish(self, letter: ChildEnded) -> None:
        """Take note that the child has gone."""
        self.running = False
        if letter.result is not None and self.result_body is None:
            self._take_result(letter.result)
        self.ended.emit(letter.status, letter.words)

    def _take_result(self, body: dict[str, Any]) -> None:
        if self.result_body is None and "error" not in body:
            self.result_body = body
            self.result.emit(body)


class Jobs(QObject):
    """All child processes of the window.

    Signals:
        started(Job): A child was started.
        noticed(Job, str, str): A child's notice: level, text.
        died(Job, int, str): A child ended with a status other than 0 without being asked: status, last words.
        stepped(Job, str): A stop ladder took a step.
        all_ended(): The last child has gone.
    """

    started = Signal(object)
    noticed = Signal(object, str, str)
    died = Signal(object, int, str)
    stepped = Signal(object, str)
    all_ended = Signal()

    def __init__(self, io: IoThread, parent: QObject) -> None:
        super().__init__(parent)
        self._io = io
        self._numbers = itertools.count(1)
        self._jobs: dict[int, Job] = {}

    def start(self, role: str, *arguments: str) -> Job:
        """Start a role; connect to the job's signals at once, they come from the event loop later."""
        job = Job(next(self._numbers), role, tuple(str(word) for word in arguments), self._io, self)
        self._jobs[job.number] = job
        self._io.post(lambda: self._io.table.start(job.number, job.role, job.arguments))
        self.started.emit(job)
        return job

    def running(self, *roles: str) -> list[Job]:
        """Return the jobs that run, of these roles or of all, in the order they were started."""
        return [job for job in self._jobs.values() if job.running and (not roles or job.role in roles)]

    def hurry(self) -> None:
        """Stop waiting politely for the jobs that were asked to stop."""
        self._io.post(self._hurry_in_thread)

    def _hurry_in_thread(self) -> None:
        self._io.table.hurry()

    def take(self, letter: ChildSpoke | ChildEnded | StopStep) -> None:
        """Give a letter of the I/O thread to its job."""
        job = self._jobs.get(letter.job)
        if job is None:
            return
        if isinstance(letter, ChildSpoke):
            job.hear(letter.event)
            if letter.event.kind == "notice":
                body = letter.event.body
                self.noticed.emit(job, str(body.get("level", "info")), str(body.get("text", "")))
        elif isinstance(letter, StopStep):
            self.stepped.emit(job, letter.step)
        else:
            self._end(job, letter)

    def _end(self, job: Job, letter: ChildEnded) -> None:
        del self._jobs[job.number]
        job.finish(letter)
        if letter.status != 0 and not letter.asked:
            self.died.emit(job, letter.status, letter.words)
        if not self._jobs:
            self.all_ended.emit()
        job.deleteLater()
