"""What the statistics of a set draw: bars, points and the search that lists what stands behind each. No Qt.

Every bar carries a text of Review's search language, so that a click shows its episodes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.quality.limits import MEASURES

MOST_BARS = 8  # of a kind of words; the others share one
BINS = 10
LEAST_FOR_SPREAD = 3
SPREAD_CELL_M = 0.02
_PLAIN = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Bar:
    """A bar: what it is called, how many episodes stand in it, and the search that finds them (empty: none does)."""

    label: str
    count: int
    query: str


@dataclass(frozen=True)
class Histogram:
    """Counts of a measure in equal bins.

    Attributes:
        edges: Ends of the bins (n + 1,), in the measure's unit.
        bars: One per bin.
        unknown: Episodes in which the measure is not known.
    """

    edges: np.ndarray
    bars: tuple[Bar, ...]
    unknown: int


def quoted(text: str) -> str:
    """Return a word as the search language wants it."""
    return text if _PLAIN.fullmatch(text) else '"' + text.replace('"', "") + '"'


def histogram(name: str, values: np.ndarray) -> Histogram:
    """Return the histogram of a measure (n,; nan = unknown), with round edges."""
    about = MEASURES[name]
    known = values[np.isfinite(values)]
    unknown = int(len(values) - len(known))
    if len(known) == 0:
        return Histogram(np.zeros(1), (), unknown)
    step = round_step(max(float(np.ptp(known)), about.floor) / BINS)
    first = int(np.floor(known.min() / step))
    last = int(np.floor(known.max() / step)) + 1
    if known.max() >= float(f"{last * step:.6g}"):
        last += 1
    if known.min() < float(f"{first * step:.6g}"):
        first -= 1
    edges = np.array(
        [float(f"{number * step:.6g}") for number in range(first, last + 1)]
    )  # as the search has them
    places = np.searchsorted(edges, known, side="right") - 1
    counts = np.bincount(places, minlength=last - first)
    bars = tuple(
        Bar(f"{low:.6g} to {high:.6g} {about.unit}".strip(), int(count), _between(name, low, high))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    return Histogram(edges, bars, unknown)


def _between(name: str, low: float, high: float) -> str:
    unit = MEASURES[name].unit
    unit = f" {unit}" if unit and unit != "N·m" else ""
    return f"{name} >= {low:.6g}{unit} {name} < {high:.6g}{unit}"


def round_step(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least `step`."""
    decade = 10.0 ** np.floor(np.log10(step))
    return float(
        next(factor * decade for factor in (1.0, 2.0, 5.0, 10.0) if factor * decade >= step * (1 - 1e-9))
    )


def word_bars(field: str, words: Sequence[str], by_count: bool = True) -> tuple[Bar, ...]:
    """Return how many episodes have each word, the most frequent first (or in the order of the words).

    Args:
        field: Name of the search's field.
    """
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    order = sorted(counts, key=lambda word: (-counts[word], word)) if by_count else sorted(counts)
    if len(order) > MOST_BARS:
        kept = order[:MOST_BARS] if by_count else order[-MOST_BARS:]
        rest = sum(counts[word] for word in order) - sum(counts[word] for word in kept)
        others = Bar("others" if by_count else "before", rest, "")
        bars = [Bar(word or "not said", counts[word], _word_query(field, word)) for word in kept]
        return (*bars, others) if by_count else (others, *bars)
    return tuple(Bar(word or "not said", counts[word], _word_query(field, word)) for word in order)


def _word_query(field: str, word: str) -> str:
    return f"{field}:{quoted(word)}" if word else ""


def outcome_bars(outcomes: Sequence[str], conditions: Sequence[str]) -> tuple[Bar, ...]:
    """Return how many episodes there are of each condition and outcome; the conditions only where there are several."""
    several = len(set(conditions)) > 1
    counts: dict[tuple[str, str], int] = {}
    for outcome, condition in zip(outcomes, conditions, strict=True):
        key = (condition if several else "", outcome)
        counts[key] = counts.get(key, 0) + 1
    bars = []
    for (condition, outcome), count in sorted(counts.items()):
        query = f"outcome:{outcome}" if outcome else ""
        if several and condition and query:
            query += f" condition:{quoted(condition)}"
        name = outcome or "broken"
        bars.append(Bar(f"{condition or 'no condition'}, {name}" if several else name, count, query))
    return tuple(bars)


def spread_text(x: np.ndarray, y: np.ndarray) -> str:
    """Return how far points (n,; m, nan = unknown) lie apart and how evenly: a sentence."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < LEAST_FOR_SPREAD:
        return f"{LEAST_FOR_SPREAD} episodes with a position are needed to tell a spread; there are {len(x)}."
    wide, high = float(np.ptp(x)), float(np.ptp(y))
    if max(wide, high) < SPREAD_CELL_M / 4:
        return f"All {len(x)} lie within {max(wide, high) * 1e3:.1f} mm: no variety."
    columns = np.floor((x - x.min()) / SPREAD_CELL_M).astype(int)
    rows = np.floor((y - y.min()) / SPREAD_CELL_M).astype(int)
    cells = (int(columns.max()) + 1) * (int(rows.max()) + 1)
    used = len(set(zip(columns.tolist(), rows.tolist(), strict=True)))
    return f"{wide * 1e3:.0f} × {high * 1e3:.0f} mm; {used} of {cells} cells of {SPREAD_CELL_M * 1e3:.0f} mm visited"
