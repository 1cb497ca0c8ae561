"""What the reader answers about quality: the flags of an episode, those worth watching, and the set in numbers.

It only reads what the role `quality` has measured. Each method named `on_…` is a command of
`resources/help/protocols.md`, "Reader".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from app.core.episodes import EpisodeRow
from app.quality.dataset import References, measure_folder_set
from app.quality.limits import MEASURES, VERSION
from app.review.arrays import pack
from recorders.listing import Listings
from recorders.measures import MeasureStore, version_of

LOOK_S = 0.25  # how long one answer may read new files
WORDS = ("uuid", "created", "operator", "outcome", "condition", "task")


class QualityAnswers:
    """Commands about what was measured; no file stays open."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    def _rows(self, folder: Path) -> list[EpisodeRow]:
        listing = self._listings.of(folder)
        listing.refresh(LOOK_S)
        return listing.rows()

    def on_quality(self, folder: Path, episode: str) -> dict[str, Any]:
        """Return {measured, measures, by_device, missing, flags (the worst first), stale} of one episode."""
        with MeasureStore(folder, read_only=True) as store:
            known, outliers = store.one(episode), (store.about("outliers") or {}).get(episode, [])
        if known is None:
            return {
                "measured": False,
                "measures": {},
                "by_device": {},
                "missing": {},
                "flags": [],
                "stale": False,
            }
        flags = [*msgspec.to_builtins(known.flags), *outliers]
        flags.sort(key=lambda flag: -("info", "warning", "severe").index(flag["severity"]))
        stale = known.version != _version(self._listings.find(folder, episode))
        return {
            "measured": True,
            "measures": known.measures,
            "by_device": known.by_device,
            "missing": known.missing,
            "flags": flags,
            "stale": stale,
        }

    def on_watch(self, folder: Path) -> dict[str, Any]:
        """Return the episodes worth watching, the most doubtful first: {watch, measured, unmeasured}."""
        rows = self._rows(folder)
        with MeasureStore(folder, read_only=True) as store:
            versions, watch = store.versions(), store.about("watch") or []
        here = {row.uuid for row in rows if not row.trashed_at}
        return {
            "watch": [item for item in watch if item["uuid"] in here],
            "measured": len(here & versions.keys()),
            "unmeasured": sum(versions.get(row.uuid) != _version(row) for row in rows),
        }

    def on_statistics(self, folder: Path) -> dict[str, Any]:
        """Return the set in columns: words by name (n texts), numbers by name (n,; nan = unknown), and TQ and SACo.

        The oldest first; what lies in the trash is left out.
        """
        rows = [row for row in self._rows(folder) if not row.trashed_at]
        with MeasureStore(folder, read_only=True) as store:
            known, visits, about = store.all(), store.visits(), store.about("references")
        references = msgspec.convert(about, References) if about else References()
        numbers = {
            name: pack(np.array([_number(known, row, name) for row in rows], dtype=np.float64))
            for name in MEASURES
        }
        scores = [np.nan if row.score is None else row.score for row in rows]
        numbers["score"] = pack(np.array(scores, dtype=np.float64))
        whole = measure_folder_set(rows, visits, references)
        return {
            "words": {name: [str(getattr(row, name)) for row in rows] for name in WORDS},
            "numbers": numbers,
            "set": msgspec.to_builtins(whole),
            "unmeasured": sum(row.uuid not in known for row in rows),
        }


def _number(known: dict[str, Any], row: EpisodeRow, name: str) -> float:
    measured = known.get(row.uuid)
    if measured is None:
        return float("nan")
    return float(measured.measures.get(name, float("nan")))


def _version(row: EpisodeRow) -> str:
    try:
        return version_of(Path(row.path), row.span_ns, VERSION)
    except FileNotFoundError:
        return ""
