"""The errors that a person may see. Each names the thing, the cause, the valid options and the way out.

Raised everywhere; turned into one sentence by `main.py` (terminal) and by the notification centre (window).
"""

from __future__ import annotations

from collections.abc import Iterable


class TouchstoneError(Exception):
    """A failure that is explained to the person without a traceback.

    Args:
        thing: What failed, by name ("rig 'sim/wype'", "/data/ep.h5").
        cause: Why, in one clause without a final stop.
        options: The valid choices, if there are any.
        way_out: What the person can do about it, in the imperative.
    """

    def __init__(self, thing: str, cause: str, *, options: Iterable[str] = (), way_out: str = "") -> None:
        self.thing = thing
        self.cause = cause
        self.options = tuple(options)
        self.way_out = way_out
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Return the whole message: thing, cause, valid options and way out."""
        cause = self.cause.rstrip(". ")
        parts = [f"{self.thing}: {cause}{'' if cause.endswith('?') else '.'}"]
        if self.options:
            parts.append(f"Valid: {', '.join(self.options)}.")
        if self.way_out:
            parts.append(self.way_out if self.way_out.endswith((".", "`")) else f"{self.way_out}.")
        return " ".join(parts)


class UsageError(TouchstoneError):
    """The command line or an argument is wrong (exit status 2)."""


class RigError(TouchstoneError):
    """A rig file is missing, malformed, or names a device that does not exist."""


class DeviceError(TouchstoneError):
    """A device cannot be started, reached or used."""


class WireError(TouchstoneError):
    """A message cannot be encoded, decoded or delivered, or its schema version is unknown."""


class ProcessError(TouchstoneError):
    """A child process did not start, died, or fell silent."""


class ExplainedError(ProcessError):
    """A child process ended, and its own sentence says why; passed on word for word.

    Args:
        words: The child's sentence.
    """

    def __init__(self, words: str) -> None:
        self._words = words
        super().__init__("child process", words)

    def sentence(self) -> str:
        """Return the child's sentence."""
        return self._words


class RecordingError(TouchstoneError):
    """A take or an episode cannot be written, verified or read."""


class EpisodeError(TouchstoneError):
    """An episode file is broken, foreign, or lacks what was asked of it."""


class LearningError(TouchstoneError):
    """A data set, a checkpoint or a policy cannot be used as asked."""


class GeometryError(TouchstoneError):
    """A depth picture, a cloud or a registration cannot be what it claims to be."""


class LockstepError(TouchstoneError):
    """A lock-step run lost a sample, or made no progress for too long."""
