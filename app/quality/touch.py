"""What was felt: contact, forces, spikes, drift of the zero, sensors at the end of their range, dead markers."""

from __future__ import annotations

import numpy as np

from app.core.clock import NS_PER_S
from app.quality.finding import Finding
from app.quality.limits import limit
from app.quality.material import Material, Stream
from app.quality.spans import hysteresis, longest, runs, span_of, weights_s

SPIKE_S = 0.05
MOST_SPIKES = 20  # told one by one; all are counted
BASE_S = 0.25  # the zero is taken from at most so much


def measure_touch(material: Material, found: Finding) -> None:
    """Measure every wrench and every field of markers."""
    if not material.wrenches:
        for name in ("peak_n", "force_n", "contact_share", "drift_n", "torque_drift_nm", "spikes"):
            found.missing[name] = "no wrench was recorded"
    for device, wrench in sorted(material.wrenches.items()):
        if len(wrench.t_ns) < 3:
            continue
        touching = contact_of(wrench)
        _measure_force(material, device, wrench, touching, found)
        _measure_spikes(device, wrench, found)
        _measure_drift(device, wrench, touching, material.fields.get(device), found)
        flat = flat_tops(wrench.t_ns, wrench.data, limit("saturated_force"))
        _tell_saturated(device, wrench, flat, found)
    for device, field in sorted(material.fields.items()):
        if len(field.t_ns) >= 3:
            _measure_markers(device, field, found)


def contact_of(wrench: Stream) -> np.ndarray:
    """Return where a wrench (n samples) touches, by the size of the force above its zero at the start."""
    force = np.linalg.norm(wrench.data[:, :3] - zero_at_start(wrench)[:3], axis=1)
    return hysteresis(force, limit("contact_on"), limit("contact_off"))


def zero_at_start(wrench: Stream) -> np.ndarray:
    """Return the free reading (6,) at the start: zero where the take begins in contact, since nobody can tell then."""
    first = wrench.data[wrench.t_ns <= wrench.t_ns[0] + round(limit("free_stretch") * NS_PER_S)]
    middle = np.median(first, axis=0)
    return middle if np.linalg.norm(middle[:3]) < limit("contact_on") else np.zeros(6)


def _measure_force(
    material: Material, device: str, wrench: Stream, touching: np.ndarray, found: Finding
) -> None:
    force = np.linalg.norm(wrench.data[:, :3], axis=1)
    weights = weights_s(wrench.t_ns, material.end_ns)
    top = int(np.argmax(force))
    found.most("peak_n", device, float(force[top]), (int(wrench.t_ns[top]),) * 2)
    whole = max(float(weights.sum()), 1e-9)
    found.most("contact_share", device, float(weights[touching].sum()) / whole)
    if not touching.any():
        found.missing.setdefault("force_n", "nothing was touched")
        return
    found.most("force_n", device, float(force[touching].mean()))
    began = int(wrench.t_ns[int(np.argmax(touching))])
    found.places["contact_share"] = (began, began)
    pose = next(iter(material.pose.values()), None)
    if "contact_x_m" not in found.measures and pose is not None and len(pose.t_ns):
        at = min(int(np.searchsorted(pose.t_ns, began)), len(pose.t_ns) - 1)
        found.measures["contact_x_m"], found.measures["contact_y_m"] = map(float, pose.data[at, :2])


def spikes_of(wrench: Stream) -> tuple[np.ndarray, np.ndarray]:
    """Return runs (m, 2) of samples whose force stands out of the level around it, and by how much (n,), N.

    The level is the running median over 0.1 s: what lasts less than half of that does not move it, what stays does.
    """
    force = np.linalg.norm(wrench.data[:, :3], axis=1)
    step = float(np.median(np.diff(wrench.t_ns))) / NS_PER_S
    half = max(1, round(SPIKE_S / max(step, 1e-4)))
    padded = np.pad(force, half, mode="reflect" if len(force) > half else "edge")
    level = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1)
    above = force - level
    found = runs(above > limit("spike_force"))
    if len(found):
        found = found[(wrench.t_ns[found[:, 1] - 1] - wrench.t_ns[found[:, 0]]) / NS_PER_S < SPIKE_S]
    return found, above


def _measure_spikes(device: str, wrench: Stream, found: Finding) -> None:
    spikes, above = spikes_of(wrench)
    found.most("spikes", device, float(len(spikes)), span_of(wrench.t_ns, spikes[0]) if len(spikes) else None)
    for run in spikes[:MOST_SPIKES]:
        size = float(above[run[0] : run[1]].max())
        text = f"The force of {device} jumps by {size:.1f} N for less than 50 ms (limit {limit('spike_force'):g} N)."
        found.flag("spike", "spike_force", size, text, span_of(wrench.t_ns, run), wrench.topic)


def _measure_drift(
    device: str, wrench: Stream, touching: np.ndarray, field: Stream | None, found: Finding
) -> None:
    """Measure how the free reading changed from before the first contact to after the last."""
    drift = drift_of(wrench, touching, field)
    if isinstance(drift, str):
        found.missing.setdefault("drift_n", drift)
        found.missing.setdefault("torque_drift_nm", drift)
        return
    change, place = drift
    force, torque = float(np.linalg.norm(change[:3])), float(np.linalg.norm(change[3:]))
    found.most("drift_n", device, force, place)
    found.most("torque_drift_nm", device, torque, place)
    for name, value, unit in (("drift", force, "N"), ("torque_drift", torque, "N·m")):
        if value > limit(name):
            what = "force" if name == "drift" else "torque"
            text = f"The zero of the {what} of {device} moved by {value:.2f} {unit} (limit {limit(name):g} {unit})."
            found.flag("drift", name, value, text, place, wrench.topic)


def drift_of(
    wrench: Stream, touching: np.ndarray, field: Stream | None
) -> tuple[np.ndarray, tuple[int, int]] | str:
    """Return the change of the free reading (6,) and where the later one was taken; or why there is none.

    Free is what a marker field of the same device says; where there is none, what the force itself says, so that a
    drift beyond `contact_on` cannot be told from a contact that stays.
    """
    if field is not None and len(field.t_ns) > 2:
        strain = np.linalg.norm(field.data, axis=2).mean(axis=1)
        index = np.clip(np.searchsorted(field.t_ns, wrench.t_ns), 0, len(strain) - 1)
        touching = strain[index] > limit("free_field")
    if not touching.any():
        return "nothing was touched"
    stretch = limit("free_stretch") * NS_PER_S
    first, last = int(np.argmax(touching)), len(touching) - int(np.argmax(touching[::-1]))
    if first == 0 or wrench.t_ns[first - 1] - wrench.t_ns[0] < stretch:
        return "the take begins in contact"
    settled = int(np.searchsorted(wrench.t_ns, wrench.t_ns[min(last, len(touching) - 1)] + stretch / 2))
    if (
        last == len(touching)
        or settled >= len(touching) - 1
        or wrench.t_ns[-1] - wrench.t_ns[settled] < stretch
    ):
        return "the take ends in contact"
    begin = wrench.t_ns[0] + min(BASE_S * NS_PER_S, wrench.t_ns[first - 1] - wrench.t_ns[0])
    finish = wrench.t_ns[-1] - min(BASE_S * NS_PER_S, wrench.t_ns[-1] - wrench.t_ns[settled])
    before, after = wrench.data[wrench.t_ns <= begin], wrench.data[wrench.t_ns >= finish]
    place = (int(wrench.t_ns[last]), int(wrench.t_ns[-1]))
    return np.mean(after, axis=0) - np.mean(before, axis=0), place


def flat_tops(t_ns: np.ndarray, data: np.ndarray, least: float) -> np.ndarray:
    """Return where (n,) a signal stands at the end of its range.

    That is: at least one column has exactly its own largest or smallest value of the take, beyond `least`, for
    `saturated_time` without a break. A living sensor repeats its extreme only when it cannot go on.
    """
    columns = data.reshape(len(data), -1)
    found = np.zeros(len(data), bool)
    for extreme in (columns.max(axis=0), columns.min(axis=0)):
        at = (columns == extreme) & (np.abs(extreme) > least)
        for column in np.flatnonzero(at.sum(axis=0) >= 3):
            for first, last in runs(at[:, column]):
                if last - first >= 3 and (t_ns[last - 1] - t_ns[first]) / NS_PER_S >= limit("saturated_time"):
                    found[first:last] = True
    return found


def _tell_saturated(device: str, stream: Stream, flat: np.ndarray, found: Finding) -> None:
    seconds = float(weights_s(stream.t_ns, int(stream.t_ns[-1]))[flat].sum())
    found.most("saturated_s", device, max(seconds, found.measures.get(f"saturated_s_{device}", 0.0)))
    for run in runs(flat)[:MOST_SPIKES]:
        span = span_of(stream.t_ns, run)
        length = (span[1] - span[0]) / NS_PER_S
        text = (
            f"{stream.topic} stands at exactly the same extreme for {length:.2f} s "
            f"(limit {limit('saturated_time'):g} s): it is at the end of its range."
        )
        found.places["saturated_s"] = span
        found.flag("saturated", "saturated_time", length, text, span, stream.topic)


def _measure_markers(device: str, field: Stream, found: Finding) -> None:
    dead = dead_markers(field)
    found.most("dead_markers", device, float(len(dead)))
    if dead:
        start, end = min(span[0] for span in dead.values()), max(span[1] for span in dead.values())
        found.places["dead_markers"] = (start, end)
        names = ", ".join(str(number) for number in list(dead)[:6]) + (", …" if len(dead) > 6 else "")
        text = (
            f"{len(dead)} of {field.data.shape[1]} markers of {device} stand still while the others move "
            f"(limit {limit('dead_time'):g} s): number {names}."
        )
        found.flag("dead", "dead_time", float(len(dead)), text, (start, end), field.topic)
    norms = np.linalg.norm(field.data, axis=2)
    alive = np.ones(field.data.shape[1], bool)
    alive[list(dead)] = False
    _tell_saturated(device, field, flat_tops(field.t_ns, norms[:, alive], limit("saturated_field")), found)


def dead_markers(field: Stream) -> dict[int, tuple[int, int]]:
    """Return the markers that stood exactly still for `dead_time` while the others moved, with where."""
    if len(field.t_ns) < 3 or field.data.ndim != 3 or field.data.shape[1] < 2:
        return {}
    still = (np.diff(field.data, axis=0) == 0.0).all(axis=2) | ~np.isfinite(field.data[1:]).all(axis=2)
    level = np.nanmedian(np.linalg.norm(field.data, axis=2), axis=1)
    found: dict[int, tuple[int, int]] = {}
    for marker in np.flatnonzero(still.sum(axis=0) >= 2):
        stretches = runs(still[:, marker])
        place = longest(field.t_ns[:-1], stretches)
        inside = (field.t_ns >= place[0]) & (field.t_ns <= place[1])
        long_enough = (place[1] - place[0]) / NS_PER_S >= limit("dead_time")
        if long_enough and np.ptp(level[inside]) > limit("moving_field"):
            found[int(marker)] = place
    return found
