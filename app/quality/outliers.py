"""Which episodes are unlike the others, and which few are worth watching. Deterministic, whatever the order.

One measure at a time by the robust z (Iglewicz and Hoaglin, "How to detect and handle outliers", ASQC 1993): distance
from the median in median absolute deviations. All measures together by the mean distance to the nearest neighbours
among the set's robust z: no covariance has to be estimated (a set often has fewer episodes than measures), and a set
may have several clusters (conditions, starts) without making each other strange.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from app.quality.limits import LIMITS, MEASURES, limit
from app.quality.pictures import PIXELS
from recorders.measures import Measured, QualityFlag

MAD_TO_SIGMA = 1.4826  # of a normal distribution
NEIGHBOURS = 5
MOST_Z = 10.0  # an axis counts no more than this in the joint distance
BLOCK = 512
JOINT_FLOOR = 0.2  # least spread of the joint distance, in robust deviations
POINTS = {"severe": 6.0, "warning": 3.0, "info": 1.0}
AGAIN = 0.5  # what a reason counts once an episode with it is on the list
NOT_JUDGED = ("lost_samples", "dead_markers")  # they have their own flags, or are the task's business
# measure: kinds of flags that say the same with a limit of their own
TOLD = {
    "idle_share": ("idle",), "lag_ms": ("lag",), "clipped_share": ("clipped",), "limited_s": ("governor",),
    "stopped_s": ("stopped",), "spikes": ("spike",), "drift_n": ("drift",), "torque_drift_nm": ("drift",),
    "saturated_s": ("saturated",), "brightness": ("dark", "bright"),
}  # fmt: skip


class WatchItem(msgspec.Struct, frozen=True):
    """An episode that should be watched.

    Attributes:
        points: How much speaks for it, when it was chosen.
        reasons: Sentences, the weightiest first.
        place_ns: Where the weightiest reason is, or None.
    """

    uuid: str
    points: float
    reasons: tuple[str, ...]
    kinds: tuple[str, ...]
    place_ns: int | None = None


def robust_z(values: np.ndarray, floor: float) -> np.ndarray:
    """Return how many robust deviations each value (n,) lies from the median; nan stays nan.

    Args:
        floor: Least deviation, in the unit of the values.
    """
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return np.full(len(values), np.nan)
    middle = float(np.median(known))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(known - middle)))
    return (values - middle) / max(spread, floor)


def outlier_flags(measured: Mapping[str, Measured]) -> dict[str, tuple[QualityFlag, ...]]:
    """Return the flags of the episodes that are unlike the others, by uuid."""
    uuids = sorted(uuid for uuid, each in measured.items() if not each.problem)
    if len(uuids) < limit("outlier_least"):
        return {}
    found: dict[str, list[QualityFlag]] = {}
    columns = []
    for name, about in MEASURES.items():
        if name in NOT_JUDGED:
            continue
        values = np.array([measured[uuid].measures.get(name, np.nan) for uuid in uuids])
        if name == "sharpness":
            values[_pixels(uuids, measured) != _usual_pixels(uuids, measured)] = np.nan
        if np.isfinite(values).sum() < limit("outlier_least"):
            continue
        z = robust_z(values, about.floor)
        columns.append(z)
        middle = float(np.nanmedian(values))
        for index in np.flatnonzero(np.abs(np.nan_to_num(z)) > limit("outlier")):
            uuid = uuids[index]
            if any(flag.kind in TOLD.get(name, ()) for flag in measured[uuid].flags):
                continue
            flag = _flag(measured[uuid], name, float(values[index]), middle, float(z[index]))
            found.setdefault(uuid, []).append(flag)
    if columns:
        for uuid, flag in _joint_flags(uuids, np.stack(columns, axis=1)).items():
            if uuid not in found:  # one number that stands out says more than all together
                found[uuid] = [flag]
    return {uuid: tuple(sorted(flags, key=_order)) for uuid, flags in found.items()}


def _pixels(uuids: list[str], measured: Mapping[str, Measured]) -> np.ndarray:
    return np.array([measured[uuid].by_device.get(PIXELS, 0.0) for uuid in uuids])


def _usual_pixels(uuids: list[str], measured: Mapping[str, Measured]) -> float:
    """Return the most frequent size of the main camera's pictures; of equal ones the larger."""
    sizes, counts = np.unique(_pixels(uuids, measured), return_counts=True)
    return float(sizes[len(counts) - 1 - int(np.argmax(counts[::-1]))])


def _order(flag: QualityFlag) -> tuple[float, str]:
    return -abs(flag.value), flag.text


def _flag(measured: Measured, name: str, value: float, middle: float, z: float) -> QualityFlag:
    about = MEASURES[name]
    place = measured.places.get(name, (0, 0))
    unit = f" {about.unit}" if about.unit else ""
    number, usual = f"{value:.{about.digits}f}{unit}", f"{middle:.{about.digits}f}{unit}"
    side, name_here = "above" if z > 0 else "below", f"{about.title[:1].upper()}{about.title[1:]}"
    text = (
        f"{name_here} {number} is {abs(z):.1f} robust deviations {side} the set's median of {usual} "
        f"(limit {limit('outlier'):g})."
    )
    return QualityFlag("outlier", LIMITS["outlier"].severity, text, *place, name, z, limit("outlier"))


def joint_distance(z: np.ndarray) -> np.ndarray:
    """Return how far each episode (row of z, (n, measures)) lies from its nearest neighbours, per measure."""
    points = np.clip(np.nan_to_num(z), -MOST_Z, MOST_Z)
    count, width = points.shape
    neighbours = min(NEIGHBOURS, count - 1)
    if neighbours < 1 or width == 0:
        return np.zeros(count)
    squares = np.sum(points**2, axis=1)
    distances = np.empty(count)
    for first in range(0, count, BLOCK):
        block = points[first : first + BLOCK]
        apart = squares[first : first + BLOCK, None] + squares[None, :] - 2.0 * block @ points.T
        apart[np.arange(len(block)), np.arange(first, first + len(block))] = np.inf  # not itself
        nearest = np.partition(apart, neighbours - 1, axis=1)[:, :neighbours]
        distances[first : first + BLOCK] = np.sqrt(np.maximum(nearest, 0.0)).mean(axis=1)
    return np.asarray(distances / np.sqrt(width))


def _joint_flags(uuids: list[str], z: np.ndarray) -> dict[str, QualityFlag]:
    distance = joint_distance(z)
    far = robust_z(distance, JOINT_FLOOR)
    flags = {}
    for index in np.flatnonzero(far > limit("outlier_joint")):
        text = (
            f"All measures together: {far[index]:.1f} robust deviations farther from the most similar episodes than "
            f"usual (limit {limit('outlier_joint'):g})."
        )
        flags[uuids[index]] = QualityFlag(
            "outlier",
            LIMITS["outlier_joint"].severity,
            text,
            0,
            0,
            "all",
            float(far[index]),
            limit("outlier_joint"),
        )
    return flags


def watch_list(
    measured: Mapping[str, Measured], outliers: Mapping[str, tuple[QualityFlag, ...]], budget: int
) -> list[WatchItem]:
    """Return at most `budget` episodes worth watching, the most doubtful first.

    Points are those of the flags by severity, more for outliers that lie far out; one kind counts once per episode. A
    kind that is on the list already counts half for each further episode, so that eight episodes show eight problems
    rather than one problem eight times. Equal points go by the uuid.
    """
    reasons = {uuid: _reasons(each, outliers.get(uuid, ())) for uuid, each in measured.items()}
    left = {uuid: kinds for uuid, kinds in reasons.items() if kinds}
    seen: dict[str, int] = {}
    chosen: list[WatchItem] = []
    while left and len(chosen) < budget:
        worth = {
            uuid: sum(points * AGAIN ** seen.get(kind, 0) for kind, (points, _) in kinds.items())
            for uuid, kinds in left.items()
        }
        uuid = min(left, key=lambda each: (-round(worth[each], 9), each))
        kinds = left.pop(uuid)
        ordered = sorted(kinds.items(), key=lambda item: (-item[1][0], item[0]))
        place = next((flag.start_ns for _, (_, flag) in ordered if flag.start_ns), None)
        texts = tuple(flag.text for _, (_, flag) in ordered)
        chosen.append(
            WatchItem(uuid, round(worth[uuid], 3), texts, tuple(kind for kind, _ in ordered), place)
        )
        for kind in kinds:
            seen[kind] = seen.get(kind, 0) + 1
    return chosen


def _reasons(measured: Measured, outliers: tuple[QualityFlag, ...]) -> dict[str, tuple[float, QualityFlag]]:
    """Return the weightiest flag of each kind with its points; outliers are of a kind per measure."""
    found: dict[str, tuple[float, QualityFlag]] = {}
    for flag in (*measured.flags, *outliers):
        kind = f"outlier {flag.topic}" if flag.kind == "outlier" else flag.kind
        points = POINTS[flag.severity]
        if flag.kind == "outlier":
            points = min(POINTS["severe"], 1.0 + abs(flag.value) / limit("outlier"))
        if kind not in found or points > found[kind][0]:
            found[kind] = (points, flag)
    return found
