"""What the reader answers about the list of a folder: all rows, or only what changed since it was asked last.

Each method named `on_…` is a command of `resources/help/protocols.md`, "Reader".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from recorders.listing import Listings

LOOK_S = 0.25  # how long one answer may read new files
MOST_ROWS = 500


class ListAnswers:
    """Commands about rows; no episode file stays open."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    def on_list(self, folder: Path) -> list[dict[str, Any]]:
        """Return the rows of all episodes (`app.core.episodes.EpisodeRow`), the oldest first."""
        listing = self._listings.of(folder)
        listing.refresh()
        return [{**msgspec.to_builtins(row), "span_ns": row.span_ns} for row in listing.rows()]

    def on_changes(self, folder: Path, stamp: str = "", serial: int = 0, look: bool = True) -> dict[str, Any]:
        """Return the rows that changed after `serial`, a page of them, the newest first where all are new.

        Args:
            stamp: Of the answer before; another one than the present listing's begins from the start.
            look: Look at the folder before; not needed for the next page.
        """
        listing = self._listings.of(folder)
        begins = stamp != listing.stamp
        if look or begins:
            listing.refresh(LOOK_S)
        page = listing.since(0 if begins else int(serial), MOST_ROWS)
        return {
            "stamp": listing.stamp, "serial": page.serial, "begins": begins, "rows": msgspec.msgpack.encode(page.rows),
            "gone": page.gone, "more": page.more, "pending": listing.pending,
        }  # fmt: skip
