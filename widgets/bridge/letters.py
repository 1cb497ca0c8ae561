"""What the I/O thread tells the window: each is one Qt signal, rare and never lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core.wire.messages import Event


@dataclass(frozen=True)
class ChildSpoke:
    """An event of a child process."""

    job: int
    event: Event


@dataclass(frozen=True)
class ChildEnded:
    """A child process has gone.

    Attributes:
        status: Its exit status; negative is minus the signal that killed it.
        words: The last line that it wrote to standard error.
        result: Its result, from its event or from the last line of its standard output.
        asked: It was asked to stop.
    """

    job: int
    status: int
    words: str
    result: dict[str, Any] | None
    asked: bool


@dataclass(frozen=True)
class StopStep:
    """The stop ladder took a step: asked, terminated or killed."""

    job: int
    step: str


Callback = Callable[["Answer"], None]


@dataclass(frozen=True)
class Answer:
    """The reply to a request, or why there is none.

    Attributes:
        ok: Whether `result` holds the answer; else `error` is a sentence for the person.
    """

    ok: bool
    result: Any = None
    error: str = ""


@dataclass(frozen=True)
class Answered:
    """An answer on its way to the callback that asked, which runs in the Qt thread."""

    callback: Callback
    answer: Answer


@dataclass(frozen=True)
class ThreadFailed:
    """The I/O thread met an error that it did not expect; it goes on."""

    error: BaseException


Letter = ChildSpoke | ChildEnded | StopStep | Answered | ThreadFailed
