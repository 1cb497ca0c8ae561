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
    material: Material, recorded: Sequence[Flag], dropped: dict[str, Any], found: Finding
) -> None:
    """Take over the recorder's flags, and add gaps that it could not know (files of other programs)."""
    lost = dict(dropped)
    for flag in recorded:
        if flag.start_ns <= material.end_ns and flag.end_ns >= material.start_ns:
            text = f"{flag.text[:1].upper()}{flag.text[1:]}"
            found.flags.append(
                QualityFlag(flag.kind, SEVERITY[flag.kind], text, flag.start_ns, flag.end_ns, flag.topic)
            )
    told = {flag.topic for flag in recorded if flag.kind == "gap"}
    for topic, (times, numbers) in sorted(material.sequences.items()):
        gaps = gaps_of(numbers)
        missing = int(sum(size for _, size in gaps))
        lost[topic] = max(int(lost.get(topic, 0)), missing)
        if topic in told:
            continue
        for before, size in gaps[:MOST_GAPS]:
            span = (int(times[before]), int(times[before + 1]))
            if span[0] <= material.end_ns and span[1] >= material.start_ns:
                text = f"Stream {topic}: {size} samples are missing by their sequence numbers (limit 0)."
                found.flags.append(QualityFlag("gap", "warning", text, *span, topic, float(size)))
    found.measures["lost_samples"] = float(sum(lost.values()))
    first = next((flag for flag in found.flags if flag.kind == "gap"), None)
    if first is not None:
        found.places["lost_samples"] = (first.start_ns, first.end_ns)


def gaps_of(numbers: np.ndarray) -> list[tuple[int, int]]:
    """Return (index before, samples lost) of each gap in sequence numbers (n,); going back is a restart, no gap."""
    steps = np.diff(numbers)
    return [(int(index), int(steps[index]) - 1) for index in np.flatnonzero(steps > 1)]
