"""All measures of one episode. Used by the role `quality`."""

from __future__ import annotations

import msgspec
import numpy as np

from app.core.episodes import EpisodeRow, Flag
from app.core.errors import EpisodeError
from app.quality.commands import measure_commands
from app.quality.coverage import cells_of
from app.quality.finding import Finding
from app.quality.limits import MEASURES
from app.quality.material import Material, read_material
from app.quality.motion import measure_motion
from app.quality.pictures import measure_pictures
from app.quality.streams import measure_streams
from app.quality.touch import measure_touch
from recorders.measures import Measured, QualityFlag
from recorders.reader import EpisodeFile


def measure_episode(row: EpisodeRow, version: str) -> tuple[Measured, np.ndarray]:
    """Return what is measured of an episode, and the state-action cells it visits; never fails over its content."""
    if row.broken:
        return unreadable(row, version, row.broken), np.zeros(0, np.int64)
    try:
        with EpisodeFile(row.path) as file:
            material = read_material(file, row.span_ns)
            recorded = msgspec.convert(file.attributes["flags"] or (), tuple[Flag, ...])
            entire = row.span_ns == (file.start_ns, file.end_ns)
            found = measure_material(material, recorded, file.attributes["dropped"] or {} if entire else None)
    except EpisodeError as error:
        return unreadable(row, version, error.sentence()), np.zeros(0, np.int64)
    except (ValueError, TypeError, IndexError, KeyError, ArithmeticError, np.linalg.LinAlgError) as error:
        reason = f"Episode {row.path} cannot be measured ({type(error).__name__}: {error})."
        return unreadable(row, version, reason), np.zeros(0, np.int64)
    numbers = _finite(found.measures)
    whole = {name: value for name, value in numbers.items() if name in MEASURES}
    each = {name: value for name, value in numbers.items() if name not in MEASURES}
    flags = tuple(sorted(found.flags, key=_order))
    measured = Measured(row.uuid, version, whole, each, flags, found.missing, found.places)
    return measured, cells_of(material)


def measure_material(
    material: Material, recorded: tuple[Flag, ...] = (), dropped: dict[str, int] | None = None
) -> Finding:
    """Return everything that is found in an episode, or in a part of one: `dropped` is None then."""
    found = Finding()
    found.measures["length_s"] = material.seconds
    measure_motion(material, found)
    measure_commands(material, found)
    measure_touch(material, found)
    measure_pictures(material, found)
    measure_streams(material, recorded, dropped, found)
    return found


def unreadable(row: EpisodeRow, version: str, why: str) -> Measured:
    """Return the measures of an episode that gives none."""
    flag = QualityFlag("unreadable", "severe", why, row.start_ns, row.start_ns)
    return Measured(row.uuid, version, flags=(flag,), problem=why)


def _order(flag: QualityFlag) -> tuple[int, int, str, str]:
    return flag.start_ns, flag.end_ns, flag.kind, flag.topic


def _finite(measures: dict[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in sorted(measures.items()) if np.isfinite(value)}
