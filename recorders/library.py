"""The episodes of a data folder, each as one row: what its file says, overridden by what a person said of it.

Used by the roles `episodes` and `read`, by the trainer, by augment and by deploy. Broken files are rows too.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError
from recorders.catalogue import Catalogue
from recorders.sheets import Labels, read_labels


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


def _with_labels(folder: Path, file: EpisodeRow) -> EpisodeRow:
    labels, problem = Labels(), ""
    try:
        labels = read_labels(folder, file.uuid).labels
    except EpisodeError as error:
        problem = error.sentence()
    return msgspec.structs.replace(
        file, recorded_outcome=file.outcome, outcome=labels.outcome or file.outcome,
        instruction=file.instruction if labels.instruction is None else labels.instruction,
        trim_start_ns=labels.trim_start_ns, trim_end_ns=labels.trim_end_ns, phases=len(labels.phases),
        phase_names=tuple(dict.fromkeys(name for _, name in labels.phases)), notes=labels.notes,
        label_problem=problem,
    )  # fmt: skip
