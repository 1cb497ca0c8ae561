"""The table of all measures as a CSV file: one line per episode, one column per measure, units in the header."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError
from app.quality.limits import MEASURES
from recorders.files import write_atomically
from recorders.measures import Measured, QualityFlag

ABOUT = ("uuid", "created", "task", "operator", "condition", "seed", "outcome", "score")


def write_csv(
    path: Path, rows: Sequence[EpisodeRow], measured: Mapping[str, Measured],
    outliers: Mapping[str, tuple[QualityFlag, ...]],
) -> None:  # fmt: skip
    """Write the table; what is not known is an empty field.

    Raises:
        EpisodeError: If the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    heads = [f"{name} [{each.unit}]" if each.unit else name for name, each in MEASURES.items()]
    writer.writerow([*ABOUT, *heads, "flags", "watch_because"])
    for row in rows:
        known = measured.get(row.uuid)
        numbers = known.measures if known is not None else {}
        flags = (*(known.flags if known is not None else ()), *outliers.get(row.uuid, ()))
        writer.writerow(
            [
                *("" if (value := getattr(row, name)) is None else value for name in ABOUT),
                *(numbers.get(name, "") for name in MEASURES),
                " ".join(dict.fromkeys(flag.kind for flag in flags)),
                " ".join(flag.text for flag in flags),
            ]
        )
    try:
        write_atomically(path, text.getvalue().encode())
    except OSError as error:
        raise EpisodeError(f"table {path}", f"it cannot be written ({error.strerror or error})") from error
