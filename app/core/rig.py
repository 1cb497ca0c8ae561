"""A rig: which device serves it, its task, its limits. Read from `resources/rigs/NAME.toml` or from a file path."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from app.core.errors import RigError
from app.core.safety.limits import Limits

RIGS = Path(__file__).resolve().parents[2] / "resources" / "rigs"


class DeviceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which driver serves the rig (a name of `devices.specs.DRIVERS`), with the driver's own options."""

    driver: str
    options: dict[str, Any] = {}


class Rig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rig.

    Attributes:
        period_ms: The control period.
        simulated: Permits headless enable tokens.
        conditions: What an episode of its task can be under, the rig's own choice first; none where it offers none.
        others: Limits of each arm beside the first, by the name that its driver gives it.
    """

    name: str
    title: str
    simulated: bool
    task: str
    instruction: str
    period_ms: float
    device: DeviceEntry
    limits: Limits
    conditions: tuple[str, ...] = ()
    others: dict[str, Limits] = {}

    @property
    def period_ns(self) -> int:
        """Length of one control period in nanoseconds."""
        return round(self.period_ms * 1e6)


def rig_names() -> list[str]:
    """Return the names of the rigs that come with Touchstone."""
    return sorted(str(path.relative_to(RIGS).with_suffix("")) for path in RIGS.rglob("*.toml"))


def load_rig(name: str) -> Rig:
    """Return a rig by name (`sim/wipe`) or by path (`./my_rig.toml`).

    Raises:
        RigError: If there is no such rig, or its file is not a valid rig.
    """
    path = Path(name) if name.endswith(".toml") else RIGS / f"{name}.toml"
    if not path.is_file():
        raise RigError(
            f"rig {name!r}", "there is no such rig", options=[*rig_names(), "a path that ends in .toml"]
        )
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Rig)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise RigError(
            f"rig file {path}", str(error), way_out="Compare it with resources/rigs/sim/wipe.toml"
        ) from error
