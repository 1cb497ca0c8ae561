"""What the measures of one part of an episode give: numbers, flags, and why a number is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.quality.limits import LIMITS
from recorders.measures import QualityFlag


@dataclass
class Finding:
    """Collects what is found in one episode.

    Attributes:
        measures: By name (`app.quality.limits.MEASURES`), and `name_device` where each device has its own.
        missing: Why a measure is absent.
        flags: As found.
        places: Where the number of a measure comes from, session times; an outlier jumps there.
    """

    measures: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    flags: list[QualityFlag] = field(default_factory=list)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def flag(
        self, kind: str, limit: str, value: float, text: str, span_ns: tuple[int, int], topic: str = ""
    ) -> None:
        """Add a flag that a limit of the table gives."""
        rule = LIMITS[limit]
        self.flags.append(
            QualityFlag(kind, rule.severity, text, span_ns[0], max(span_ns), topic, float(value), rule.value)
        )

    def most(self, name: str, device: str, value: float, span_ns: tuple[int, int] | None = None) -> None:
        """Set a device's number, and the episode's where it is the largest so far."""
        self.measures[f"{name}_{device}"] = float(value)
        if value > self.measures.get(name, float("-inf")):
            self.measures[name] = float(value)
            if span_ns is not None:
                self.places[name] = span_ns
