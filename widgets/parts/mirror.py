"""The rows of one folder as the reader told them, kept by the window: only what changed is sent again.

Used by `widgets.parts.library`. No Qt.
"""

from __future__ import annotations

from typing import Any

import msgspec

from app.core.episodes import EpisodeRow

RowKey = tuple[str, str]  # path, uuid


class Page(msgspec.Struct, frozen=True):
    """The reader's answer to `changes` (`resources/help/protocols.md`, "Reader")."""

    stamp: str
    serial: int
    begins: bool
    rows: bytes
    gone: tuple[RowKey, ...]
    more: bool
    pending: int


_ROWS = msgspec.msgpack.Decoder(tuple[EpisodeRow, ...])


class Mirror:
    """The rows of a folder.

    Attributes:
        stamp, serial: What the next question names.
    """

    def __init__(self) -> None:
        self.stamp, self.serial = "", 0
        self._rows: dict[RowKey, EpisodeRow] = {}
        self._ordered: list[EpisodeRow] = []
        self._places: dict[RowKey, int] | None = None  # None = the order has to be found anew

    def take(self, answer: Any) -> Page:
        """Take in an answer to `changes` and return it.

        Raises:
            msgspec.ValidationError: If it is none; the mirror is as before.
        """
        page = msgspec.convert(answer, Page)
        rows = _ROWS.decode(page.rows)
        if page.begins:
            self._rows.clear()
            self._places = None
        for key in page.gone:
            self._rows.pop(key, None)
            self._places = None
        for row in rows:
            self._put(row)
        self.stamp, self.serial = page.stamp, page.serial
        return page

    def _put(self, row: EpisodeRow) -> None:
        key = (row.path, row.uuid)
        before = self._rows.get(key)
        self._rows[key] = row
        if before is None or before.order != row.order:
            self._places = None
        elif self._places is not None:
            self._ordered[self._places[key]] = row

    def items(self) -> list[EpisodeRow]:
        """Return all rows, the oldest first."""
        if self._places is None:
            self._ordered = sorted(self._rows.values(), key=lambda row: row.order)
            self._places = {(row.path, row.uuid): place for place, row in enumerate(self._ordered)}
        return list(self._ordered)
