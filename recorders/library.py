"""The episodes of a data folder, each as one row: what its file says, overridden by what a person said of it.

Used by the roles `episodes` and `read`, by the trainer, by augment and by deploy. Broken files are rows too.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.core.errors import EpisodeError
from recorders.catalogue import Catalogue, FileRow
from recorders.records import Flag
from recorders.sheets import Labels, read_labels


class EpisodeRow(msgspec.Struct, frozen=True):
    """One episode of a folder.

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
        start_ns: Session time of its start; the end is `end_ns`.
        trim_start_ns: What a person cut off at the start, or None.
        phases: Number of phase marks.
        flags: Gaps, stalled and stuck streams, as the recorder saw them.
        broken: Why the file cannot be read; empty for a good one.
        label_problem: Why its labels cannot be read; empty when they can.
    """

    uuid: str
    path: str
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
    provenance: dict[str, object] | None = None
    start_ns: int = 0
    end_ns: int = 0
    trim_start_ns: int | None = None
    trim_end_ns: int | None = None
    phases: int = 0
    notes: str = ""
    text: str = ""
    bytes: int = 0
    topics: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    broken: str = ""
    label_problem: str = ""

    @property
    def trimmed(self) -> bool:
        """Whether a trim is set."""
        return self.trim_start_ns is not None or self.trim_end_ns is not None

    @property
    def span_ns(self) -> tuple[int, int]:
        """Session times of the part to use: the take, or less where a trim is set."""
        start = self.start_ns if self.trim_start_ns is None else max(self.start_ns, self.trim_start_ns)
        end = self.end_ns if self.trim_end_ns is None else min(self.end_ns, self.trim_end_ns)
        return start, end


def list_episodes(folder: Path | str) -> list[EpisodeRow]:
    """Return every episode file of a data folder, the oldest first (by start of recording, then by name).

    Raises:
        EpisodeError: If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise EpisodeError(
            f"data folder {folder}",
            "there is no such folder",
            way_out="Record with `python main.py collect --data DIR`",
        )
    with Catalogue(folder) as catalogue:
        rows = [_with_labels(folder, row) for row in catalogue.rows()]
    return sorted(rows, key=lambda row: (row.created, row.uuid))


def find_episode(folder: Path | str, uuid: str) -> EpisodeRow:
    """Return the row of one episode.

    Raises:
        EpisodeError: If it is not in the folder.
    """
    for row in list_episodes(folder):
        if row.uuid == uuid:
            return row
    raise EpisodeError(
        f"episode {uuid}", f"it is not in {folder}", way_out="See `python main.py episodes DIR`"
    )


def _with_labels(folder: Path, file: FileRow) -> EpisodeRow:
    labels, problem = Labels(), ""
    try:
        labels = read_labels(folder, file.uuid).labels
    except EpisodeError as error:
        problem = error.sentence()
    fields = msgspec.structs.asdict(file)
    fields["recorded_outcome"] = file.outcome
    fields["outcome"] = labels.outcome or file.outcome
    if labels.instruction is not None:
        fields["instruction"] = labels.instruction
    return EpisodeRow(
        **fields, trim_start_ns=labels.trim_start_ns, trim_end_ns=labels.trim_end_ns, phases=len(labels.phases),
        notes=labels.notes, label_problem=problem,
    )  # fmt: skip
