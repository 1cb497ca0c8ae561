"""The episodes of a data folder, each as one row: what its file says, overridden by what a person said of it.

Used by the roles `episodes` and `read`, by the trainer, by augment and by deploy. Broken files are rows too.
"""

from __future__ import annotations

from pathlib import Path

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError
from recorders.listing import Listing


def list_episodes(folder: Path | str) -> list[EpisodeRow]:
    """Return every episode of a data folder, parts in place of what is split, the oldest first (by start, then name).

    Raises:
        EpisodeError: If there is no such folder.
    """
    listing = Listing(Path(folder))
    listing.refresh()
    return listing.rows()


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
