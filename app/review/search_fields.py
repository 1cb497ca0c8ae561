"""What a search can name: the fields of an episode's row, their units and the words that stand for them. No Qt.

Used by `app.review.search` (which parses) and `app.review.search_words` (which completes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from app.core.episodes import OUTCOMES, EpisodeRow
from app.core.errors import TouchstoneError

# unit: (what it measures, how many of the base unit)
UNITS: dict[str, tuple[str, float]] = {
    "ns": ("time", 1e-9), "us": ("time", 1e-6), "ms": ("time", 1e-3), "s": ("time", 1.0), "min": ("time", 60.0),
    "h": ("time", 3600.0), "mN": ("force", 1e-3), "N": ("force", 1.0), "kN": ("force", 1e3),
    "B": ("size", 1.0), "kB": ("size", 1e3), "MB": ("size", 1e6), "GB": ("size", 1e9),
    "%": ("share", 1e-2), "": ("share", 1.0), "mm": ("distance", 1e-3), "cm": ("distance", 1e-2),
    "m": ("distance", 1.0), "mm/s": ("speed", 1e-3), "cm/s": ("speed", 1e-2), "m/s": ("speed", 1.0),
    "Hz": ("rate", 1.0), "kHz": ("rate", 1e3), "Nm": ("torque", 1.0), "deg": ("angle", 1.0),
}  # fmt: skip
COUNT = "count"  # the unit of a field that takes none
# endings of measures' names and the unit they are in
SUFFIXES = {
    "_m_s": "m/s", "_mm_s": "mm/s", "_mm": "mm", "_m": "m", "_ms": "ms", "_ns": "ns", "_s": "s", "_nm": "Nm",
    "_n": "N", "_hz": "Hz", "_share": "", "_deg": "deg", "_bytes": "B",
}  # fmt: skip


class SearchError(TouchstoneError):
    """A search text that cannot be meant; shown beside the search field."""


@dataclass(frozen=True)
class NumberField:
    """A field that compares as a number, stored in `unit`."""

    unit: str
    get: Callable[[EpisodeRow], float | None]
    about: str = ""


@dataclass(frozen=True)
class TextField:
    """A field of words. `exact` ones must be one of `values`, if there are any; others match parts of a word."""

    get: Callable[[EpisodeRow], Iterable[str]]
    about: str = ""
    values: tuple[str, ...] = ()
    exact: bool = False


@dataclass(frozen=True)
class DateField:
    """The day and time of recording, ISO 8601; compares as far as the person wrote it."""

    get: Callable[[EpisodeRow], str]
    about: str = ""


@dataclass(frozen=True)
class StateField:
    """Yes-or-no facts: `is:NAME`."""

    states: dict[str, Callable[[EpisodeRow], bool]]
    about: str = ""


Field = NumberField | TextField | DateField | StateField


def flag_words(row: EpisodeRow) -> list[str]:
    """Return what is doubtful about an episode: kinds of flags and their streams, recovered, dropped, broken."""
    words = [*row.doubts, *(word for flag in row.flags for word in (flag.kind, flag.topic))]
    facts = (("recovered", row.recovered), ("dropped", row.dropped), ("broken", row.broken),
             ("labels", row.label_problem))  # fmt: skip
    return words + [word for word, holds in facts if holds]


def flag_count(row: EpisodeRow) -> int:
    """Return how many things are doubtful about an episode."""
    return max(len(row.flags), len(row.doubts)) + sum(
        bool(x) for x in (row.recovered, row.dropped, row.broken, row.label_problem)
    )


def _kind(row: EpisodeRow) -> tuple[str, ...]:
    provenance = row.provenance or {}
    return (str(provenance.get("kind", "")), str(provenance.get("parent", "")))


STATES: dict[str, Callable[[EpisodeRow], bool]] = {
    "success": lambda row: row.outcome == "success",
    "used": lambda row: row.usable,
    "rejected": lambda row: row.rejected,
    "trashed": lambda row: bool(row.trashed_at),
    "trimmed": lambda row: row.trimmed,
    "part": lambda row: bool(row.part_of),
    "flagged": lambda row: flag_count(row) > 0,
    "recovered": lambda row: row.recovered,
    "broken": lambda row: bool(row.broken),
    "derived": lambda row: bool(row.provenance),
    "marked": lambda row: row.phases > 0,
    "tagged": lambda row: bool(row.tags),
    "noted": lambda row: bool(row.notes),
}
FIELDS: dict[str, Field] = {
    "outcome": TextField(lambda row: (row.outcome,), "how it counts", OUTCOMES, exact=True),
    "is": StateField(STATES, "a state"),
    "phase": TextField(lambda row: row.phase_names, "a phase that is marked"),
    "flag": TextField(flag_words, "what is doubtful: stuck, gap, dropped, idle, drift, outlier, …"),
    "tag": TextField(lambda row: row.tags, "a tag"),
    "operator": TextField(lambda row: (row.operator,), "who recorded it"),
    "task": TextField(lambda row: (row.task,), "the task"),
    "condition": TextField(lambda row: (row.condition,), "the condition of the plan"),
    "instruction": TextField(lambda row: (row.instruction,), "words of the instruction"),
    "notes": TextField(lambda row: (row.notes, row.text), "words of the notes"),
    "stream": TextField(lambda row: row.topics, "a stream it holds"),
    "software": TextField(lambda row: (row.software,), "the version that recorded it"),
    "from": TextField(_kind, "what it was made of: augmentation, …"),
    "uuid": TextField(lambda row: (row.uuid, row.part_of), "its identifier"),
    "date": DateField(lambda row: row.created, "day of recording: 2026, 2026-11 or 2026-11-20"),
    "peak": NumberField("N", lambda row: row.peak_force_n, "peak force"),
    "length": NumberField("s", lambda row: row.seconds, "length as recorded"),
    "used": NumberField("s", lambda row: (row.span_ns[1] - row.span_ns[0]) * 1e-9, "length without trims"),
    "score": NumberField("", lambda row: row.score, "the task's score"),
    "seed": NumberField(COUNT, lambda row: row.seed, "seed"),
    "dropped": NumberField(COUNT, lambda row: row.dropped, "samples lost"),
    "phases": NumberField(COUNT, lambda row: row.phases, "phase marks"),
    "flags": NumberField(COUNT, flag_count, "doubtful things"),
    "size": NumberField("B", lambda row: row.bytes, "size of the file"),
    "start_ns": NumberField("ns", lambda row: row.start_ns, "session time of its start"),
    "end_ns": NumberField("ns", lambda row: row.end_ns, "session time of its end"),
    "trim_start_ns": NumberField("ns", lambda row: row.trim_start_ns, "session time of the trim's start"),
    "trim_end_ns": NumberField("ns", lambda row: row.trim_end_ns, "session time of the trim's end"),
}
# other words for the same: the names of the row's own fields, and what people say
ALIASES = {
    "peak_force_n": "peak", "force": "peak", "seconds": "length", "duration": "length", "bytes": "size",
    "created": "date", "day": "date", "tags": "tag", "note": "notes", "by": "operator", "id": "uuid",
    "topic": "stream", "provenance": "from", "kind": "from",
}  # fmt: skip


def field_named(name: str, measures: Collection[str]) -> Field:
    """Return a field of the table, or the measure of this name (upper and lower case are the same).

    Raises:
        SearchError: If there is neither.
    """
    low = name.lower()
    found = FIELDS.get(ALIASES.get(low, low))
    if found is not None:
        return found
    for measure in measures:
        if measure.lower() == low:
            return measure_field(measure)
    names = [*FIELDS, *sorted(measures)]
    raise SearchError(
        repr(name), "nothing of this name can be searched",
        options=get_close_matches(low, names, 5, 0.5) or names,
        way_out="Put words that hold a sign like : or > in quotes",
    )  # fmt: skip


def canonical(name: str) -> str:
    """Return the name under which the table has a field."""
    return ALIASES.get(name.lower(), name.lower())


def measure_field(name: str) -> NumberField:
    """Return the field of a quality measure; the ending of its name says the unit, as in `_mm` or `_share`."""
    unit = next((unit for suffix, unit in SUFFIXES.items() if name.lower().endswith(suffix)), COUNT)

    def get(row: EpisodeRow) -> float | None:
        value: float | None = row.measures.get(name)
        return value

    return NumberField(unit, get, "a measure of quality")


def units_of(field: NumberField) -> list[str]:
    """Return the units in which a field may be given."""
    if field.unit == COUNT:
        return []
    kind = UNITS[field.unit][0]
    return [unit for unit, (each, _) in UNITS.items() if each == kind and unit]


def unit_named(word: str) -> str | None:
    """Return the unit that a word is, in any case that leaves no doubt; None if it is none."""
    if word in UNITS:
        return word
    near = [unit for unit in UNITS if unit.lower() == word.lower()]
    return near[0] if len(near) == 1 else None


def factor(name: str, field: NumberField, unit: str | None) -> float:
    """Return by what a number given in `unit` is multiplied to be in the field's own.

    Raises:
        SearchError: If the unit does not fit.
    """
    if unit is None:
        return 1.0
    if field.unit == COUNT or UNITS[unit][0] != UNITS[field.unit][0]:
        takes = f"{name} takes no unit" if not units_of(field) else f"{name} is a {UNITS[field.unit][0]}"
        raise SearchError(repr(unit), f"it does not fit: {takes}", options=units_of(field))
    return UNITS[unit][1] / UNITS[field.unit][1]


NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(.*)", re.IGNORECASE)
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T\d\d(:\d\d(:\d\d)?)?)?)?)?")
