"""What an exported set says of itself and of each episode, the same JSON in every format. Written by the exporters,
read back by the importers.

It travels where each format keeps free text: an attribute in HDF5, `.zattrs` in zarr, a file of its own in LeRobot.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from app.core.errors import EpisodeError
from app.core.wire.messages import StreamSpec

SCHEMA_VERSION = 1
NAME = "touchstone"
MAX_TEXT = 8 * 1024 * 1024
Method = Literal["newest", "nearest", "linear", "linear and slerp"]
Part = Literal["state", "action", "column", "picture"]


class StreamAbout(msgspec.Struct, frozen=True):
    """One recorded stream on the grid of an exported set.

    Attributes:
        spec: As recorded.
        part: Where its values lie: a slice of the state or of the action, a column of its own, or pictures.
        key: Name of the column or of the camera in the set.
        start: First value within the state or the action.
        stop: One past the last.
        method: How its samples came onto the grid.
        largest_shift_s: Largest time between a grid time and the sample that stands there (for interpolation: the
            nearest sample), over all episodes, in seconds.
    """

    spec: StreamSpec
    part: Part
    key: str
    start: int
    stop: int
    method: Method
    largest_shift_s: float = 0.0


class EpisodeAbout(msgspec.Struct, frozen=True):
    """One episode of an exported set: what its file and its labels said; fields as in `app.core.episodes.EpisodeRow`.

    Attributes:
        span_ns: Session times of the exported part.
        phases: Marks (session time in ns, name).
        subtasks: What is done from when to when (ns, ns, words).
        rig: What the device server said of itself when it was recorded.
    """

    uuid: str
    created: str = ""
    software: str = ""
    task: str = ""
    instruction: str = ""
    outcome: str = ""
    recorded_outcome: str = ""
    operator: str = ""
    condition: str = ""
    seed: int | None = None
    score: float | None = None
    peak_force_n: float | None = None
    dropped: int = 0
    recovered: bool = False
    notes: str = ""
    text: str = ""
    span_ns: tuple[int, int] = (0, 0)
    phases: tuple[tuple[int, str], ...] = ()
    subtasks: tuple[tuple[int, int, str], ...] = ()
    provenance: dict[str, Any] | None = None
    rig: dict[str, Any] | None = None


class SetAbout(msgspec.Struct, frozen=True):
    """An exported set.

    Attributes:
        rate_hz: Rate of the grid that every stream was brought onto.
        streams: What is in it.
        left_out: Streams that are not in it, with the reason.
        phases: Names that the column `phase` counts; −1 there is no phase.
        action_offset: Middle of each value of the action over the set.
        action_scale: Half the range of each; `actions` of robomimic are (raw − offset) / scale.
    """

    schema: int
    software: str
    rate_hz: float
    streams: tuple[StreamAbout, ...]
    left_out: dict[str, str] = {}
    phases: tuple[str, ...] = ()
    action_offset: tuple[float, ...] = ()
    action_scale: tuple[float, ...] = ()

    def of_part(self, part: Part) -> tuple[StreamAbout, ...]:
        """Return the streams that lie in one part."""
        return tuple(stream for stream in self.streams if stream.part == part)

    def labels(self, part: Part) -> list[str]:
        """Return a name for each value of the state or the action: topic and label or number."""
        names = []
        for stream in self.of_part(part):
            spec, count = stream.spec, stream.stop - stream.start
            own = spec.labels if len(spec.labels) == count else POSE_LABELS if count == 8 else ()
            names += [f"{spec.topic}.{own[i] if own else i}" for i in range(count)]
        return names


POSE_LABELS = ("x", "y", "z", "qw", "qx", "qy", "qz", "gripper")


def encode_about(about: SetAbout | EpisodeAbout) -> str:
    """Return it as JSON text."""
    return msgspec.json.encode(about).decode()


def decode_set(text: str | bytes, where: str) -> SetAbout:
    """Return what a set says of itself.

    Raises:
        EpisodeError: If it cannot be understood.
    """
    try:
        about = msgspec.json.decode(text, type=SetAbout)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EpisodeError(where, f"what it says of itself is broken ({error})") from error
    if about.schema != SCHEMA_VERSION:
        raise EpisodeError(
            where, f"it was exported with schema {about.schema}", options=[str(SCHEMA_VERSION)],
            way_out="Import it with the Touchstone version that exported it",
        )  # fmt: skip
    return about


def decode_episode(text: str | bytes, where: str) -> EpisodeAbout:
    """Return what a set says of one episode.

    Raises:
        EpisodeError: If it cannot be understood.
    """
    try:
        return msgspec.json.decode(text, type=EpisodeAbout)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EpisodeError(where, f"what it says of an episode is broken ({error})") from error
