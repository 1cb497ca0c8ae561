"""One episode as a row: what its file says, overridden by what a person said of it.

Made by `recorders.library`, sent by the reader role, shown by the window, used by training, augmenting and export.
It is the only list of these fields.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

OUTCOMES = ("success", "failure", "discarded")
TRASH_DAYS = 30  # after which what lies in the trash may be deleted, when a person asks for it
FlagKind = Literal["gap", "stalled", "stuck"]


class Flag(msgspec.Struct, frozen=True):
    """Something that makes a part of a take doubtful, as the recorder saw it.

    Attributes:
        kind: gap (samples lost, by their sequence numbers), stalled (nothing came), stuck (the same reading).
        start_ns, end_ns: Session times; `end_ns` is 0 while it goes on.
        text: A sentence for the person.
    """

    topic: str
    kind: FlagKind
    start_ns: int
    end_ns: int
    text: str


class EpisodeRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One episode of a data folder. In JSON, what is as by default is left out.

    Attributes:
        uuid: Its identifier; the file's name without suffix when the file is broken.
        path: The file.
        outcome: success, failure or discarded: the person's word if there is one, else the recorded one.
        recorded_outcome: What the recorder wrote.
        seconds: Length as recorded.
        score: The task's score, or None.
        peak_force_n: Largest force in newtons, or None.
        dropped: Samples lost in all streams.
        recovered: It was made of what a dead recorder had left.
        provenance: Where it comes from (parent episode, recipe, policy), or None.
        start_ns, end_ns: Session times of its start and end; of a part, of the part.
        trim_start_ns, trim_end_ns: What a person cut off, or None.
        phases: Number of phase marks; their names, each once, are `phase_names`.
        text: Why the take ended, where the recorder had more to say than the outcome.
        bytes: Size of the file.
        topics: Its streams.
        flags: Gaps, stalled and stuck streams, as the recorder saw them.
        tags: Words that a person gave it, sorted.
        rejected: Training and export leave it out.
        trashed_at: When it went to the trash, ISO 8601; None if it did not.
        part_of: The episode whose part this is; empty for a whole one.
        measures: Numbers of its quality by name; empty while it was not measured.
        doubts: Kinds of the flags that measuring gave (`recorders.measures.QualityFlag`), sorted.
        broken: Why the file cannot be read; empty for a good one.
        label_problem: Why its labels cannot be read; empty when they can.
    """

    uuid: str
    path: str = ""
    task: str = ""
    instruction: str = ""
    outcome: str = ""
    recorded_outcome: str = ""
    seed: int | None = None
    condition: str = ""
    seconds: float = 0.0
    score: float | None = None
    peak_force_n: float | None = None
    operator: str = ""
    created: str = ""
    software: str = ""
    recovered: bool = False
    dropped: int = 0
    provenance: dict[str, Any] | None = None
    start_ns: int = 0
    end_ns: int = 0
    trim_start_ns: int | None = None
    trim_end_ns: int | None = None
    phases: int = 0
    phase_names: tuple[str, ...] = ()
    notes: str = ""
    text: str = ""
    bytes: int = 0
    topics: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    tags: tuple[str, ...] = ()
    rejected: bool = False
    trashed_at: str | None = None
    part_of: str = ""
    measures: dict[str, float] = {}
    doubts: tuple[str, ...] = ()
    broken: str = ""
    label_problem: str = ""

    @property
    def order(self) -> tuple[str, str, int]:
        """What rows are sorted by: start of recording, then name, then the place of a part."""
        return self.created, self.part_of or self.uuid, self.start_ns

    @property
    def trimmed(self) -> bool:
        """Whether a person cut something off."""
        return self.trim_start_ns is not None or self.trim_end_ns is not None

    @property
    def span_ns(self) -> tuple[int, int]:
        """Session times of the part to use: the take, or less where a trim is set."""
        start = self.start_ns if self.trim_start_ns is None else max(self.start_ns, self.trim_start_ns)
        end = self.end_ns if self.trim_end_ns is None else min(self.end_ns, self.trim_end_ns)
        return start, end

    @property
    def usable(self) -> bool:
        """Whether training and augmenting take it: readable, a success, neither rejected nor in the trash."""
        good = not self.broken and not self.label_problem and self.outcome == "success"
        return good and not self.rejected and not self.trashed_at
