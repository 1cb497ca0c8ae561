"""How a rig file names the parts of a composed device."""

from __future__ import annotations

from typing import Any

import msgspec


class PartEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part: its name (the `device` of its signals), its driver and that driver's own options."""

    name: str
    driver: str
    options: dict[str, Any] = {}


class Composition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of the driver `composed`.

    Attributes:
        parts: One arm and any number of cameras and touch sensors.
        home: Home pose (7,) of the tool, base frame; empty: where the arm is at the start.
        reflex: Name of the part whose force the force reflex looks at; empty: the first that measures one.
    """

    parts: tuple[PartEntry, ...]
    home: tuple[float, ...] = ()
    reflex: str = ""
