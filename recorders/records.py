"""What a journal says of its take in words: one record when it begins, one when it ends.

Written by `recorders.journal`, read at the commit and at recovery.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from app.core.episodes import Flag
from app.core.wire.messages import ServerInfo

TAKE_SCHEMA_VERSION = 1
Outcome = Literal["success", "failure", "discarded"]
OUTCOMES: tuple[Outcome, ...] = ("success", "failure", "discarded")


class TakeRecord(msgspec.Struct, frozen=True):
    """The first record of a journal.

    Attributes:
        meta: What the session wants to be kept: task, instruction, seed, condition, operator, provenance, …
        server: What the device server said of itself; None when that record was lost.
        created: Wall-clock time of the start, ISO 8601 with offset.
        software: Version of Touchstone that recorded.
    """

    version: int
    uuid: str
    created: str
    meta: dict[str, Any]
    server: ServerInfo | None
    software: str

    @classmethod
    def lost(cls, uuid: str) -> TakeRecord:
        """Return what stands for a record that cannot be read."""
        return cls(TAKE_SCHEMA_VERSION, uuid, "", {}, None, "")


class StopRecord(msgspec.Struct, frozen=True):
    """The last record of a journal; a journal without one was cut.

    Attributes:
        start_ns: Session time at which every required stream had delivered; 0 when it never came to that.
        end_ns: Samples later than this do not belong to the take; 0 = all do.
        text: Why the take ended, when there is more to say than the outcome.
        flags: What the recorder saw of stalled and stuck streams.
    """

    version: int
    outcome: Outcome
    start_ns: int
    end_ns: int
    meta: dict[str, Any]
    text: str = ""
    flags: tuple[Flag, ...] = ()
