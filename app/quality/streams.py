"""Streams that stalled, stuck or lost samples: what the recorder saw, and what the sequence numbers tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.core.episodes import Flag
from app.quality.finding import Finding
from app.quality.material import Material
from recorders.measures import QualityFlag

MOST_GAPS = 20  # of one stream that are told one by one
SEVERITY = {"gap": "warning", "stalled": "severe", "stuck": "severe"}


def measure_streams(
    material: Material, recorded: Sequence[Flag], dropped: dict[str, Any] | None, found: Finding
) -> None:
    """Take over the recorder's flags, and add gaps that it could not know (files of other programs).

    Args:
        dropped: Samples lost by topic, as the recorder counted them over the whole take; None where only a part of the
            take is measured: then what the sequence numbers miss inside it counts.
    """
    lost = dict(dropped or {})
    for flag in recorded:
        if flag.start_ns <= material.end_ns and flag.end_ns >= material.start_ns:
            text = f"{flag.text[:1].upper()}{flag.text[1:]}"
            span = _within(material, flag.start_ns, flag.end_ns)
            found.flags.append(QualityFlag(flag.kind, SEVERITY[flag.kind], text, *span, flag.topic))
    told = {flag.topic for flag in recorded if flag.kind == "gap"}
    for topic, (times, numbers) in sorted(material.sequences.items()):
        gaps = [gap for gap in gaps_of(numbers) if dropped is not None or _touches(material, times, gap[0])]
        missing = sum(size for _, size in gaps)
        lost[topic] = max(int(lost.get(topic, 0)), missing)
        if topic in told:
            continue
        for before, size in gaps[:MOST_GAPS]:
            if _touches(material, times, before):
                span = _within(material, int(times[before]), int(times[before + 1]))
                text = f"Stream {topic}: {size} samples are missing by their sequence numbers (limit 0)."
                found.flags.append(QualityFlag("gap", "warning", text, *span, topic, float(size)))
    found.measures["lost_samples"] = float(sum(lost.values()))
    first = next((flag for flag in found.flags if flag.kind == "gap"), None)
    if first is not None:
        found.places["lost_samples"] = (first.start_ns, first.end_ns)


def _touches(material: Material, times: np.ndarray, before: int) -> bool:
    """Whether what lies between a sample and the next one is at least partly in what is measured."""
    return bool(times[before] <= material.end_ns and times[before + 1] >= material.start_ns)


def _within(material: Material, start_ns: int, end_ns: int) -> tuple[int, int]:
    """Return a place as far as it lies in what is measured, so that the playhead can go there."""
    return max(start_ns, material.start_ns), min(end_ns, material.end_ns)


def gaps_of(numbers: np.ndarray) -> list[tuple[int, int]]:
    """Return (index before, samples lost) of each gap in sequence numbers (n,); going back is a restart, no gap."""
    steps = np.diff(numbers)
    return [(int(index), int(steps[index]) - 1) for index in np.flatnonzero(steps > 1)]
