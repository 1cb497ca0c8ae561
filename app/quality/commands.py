"""What became of the commands: how late the motion follows, what was clipped, what the governor did."""

from __future__ import annotations

import numpy as np

from app.core.clock import NS_PER_S
from app.core.safety.reasons import LIMITING, ROUTINE, WORDS, Reason
from app.quality.finding import Finding
from app.quality.limits import limit
from app.quality.material import Material, Stream
from app.quality.spans import longest, runs, weights_s

LAG_RATE_HZ = 100.0
MOST_LAG_S = 1.0
LEAST_SPAN_S = 2.0
JOIN_NS = 250_000_000  # interventions that lie closer are one
NAMES = {reason: reason.name.lower() for reason in WORDS if reason.name is not None}


def measure_commands(material: Material, found: Finding) -> None:
    """Measure every arm that was commanded."""
    for device in sorted(material.applied):
        applied = material.applied[device]
        pose, commanded = material.pose.get(device), material.commanded.get(device)
        measure_lag(device, commanded if commanded is not None else applied, pose, found)
        if commanded is not None and len(commanded.t_ns) > 1 and len(applied.t_ns):
            measure_clipped(device, commanded, applied, found)
    if not material.applied:
        found.missing["lag_ms"] = found.missing["clipped_share"] = "no commands were recorded"
    for device, reasons in sorted(material.reasons.items()):
        measure_governor(material, device, reasons, found)


def measure_lag(device: str, asked: Stream, pose: Stream | None, found: Finding) -> None:
    """Measure how far the motion lies behind what was asked for, where the two are alike enough."""
    if pose is None or len(pose.t_ns) < 2 or len(asked.t_ns) < 2:
        found.missing["lag_ms"] = "commanded and measured poses were not both recorded"
        return
    lag = lag_s(asked, pose)
    if lag is None:
        found.missing["lag_ms"] = "commanded and measured motion are too short or too unlike"
        return
    found.most("lag_ms", device, lag * 1e3, (int(pose.t_ns[0]), int(pose.t_ns[-1])))
    if lag * 1e3 > limit("lag"):
        text = f"The motion lies {lag * 1e3:.0f} ms behind the commands (limit {limit('lag'):g} ms)."
        found.flag("lag", "lag", lag * 1e3, text, (int(pose.t_ns[0]), int(pose.t_ns[-1])), pose.topic)


def lag_s(asked: Stream, pose: Stream) -> float | None:
    """Return the lag of the measured positions behind the asked ones, in seconds.

    The lag at which the velocities correlate best (normalised cross-correlation, Knapp and Carter, IEEE Trans. ASSP 24,
    1976, p. 320, unweighted), refined by a parabola through the best three.

    Returns:
        None when the two overlap less than 2 s or correlate less than `lag_correlation` at every lag.
    """
    start, end = max(asked.t_ns[0], pose.t_ns[0]), min(asked.t_ns[-1], pose.t_ns[-1])
    if (end - start) / NS_PER_S < LEAST_SPAN_S:
        return None
    step = round(NS_PER_S / LAG_RATE_HZ)
    grid = np.arange(start, end, step)
    want, have = (np.diff(_positions(stream, grid), axis=0) for stream in (asked, pose))
    most = min(round(MOST_LAG_S * LAG_RATE_HZ), len(want) // 2)
    likeness = np.array([_correlation(want[: len(want) - lag], have[lag:]) for lag in range(most)])
    best = int(np.argmax(likeness))
    if likeness[best] < limit("lag_correlation"):
        return None
    shift = 0.0
    if 0 < best < most - 1:
        before, at, after = likeness[best - 1 : best + 2]
        bend = before - 2.0 * at + after
        shift = 0.0 if bend >= 0.0 else 0.5 * (before - after) / bend
    return float((best + shift) / LAG_RATE_HZ)


def _positions(stream: Stream, grid: np.ndarray) -> np.ndarray:
    at = (grid - stream.t_ns[0]) / NS_PER_S
    return np.stack([np.interp(at, stream.seconds, stream.data[:, axis]) for axis in range(3)], axis=1)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    size = float(np.sqrt(np.sum(first**2) * np.sum(second**2)))
    return float(np.sum(first * second)) / size if size > 1e-12 else 0.0


def measure_clipped(device: str, commanded: Stream, applied: Stream, found: Finding) -> None:
    """Measure which commands the arm was not let go to: what was applied when the next command came is elsewhere."""
    index = np.searchsorted(applied.t_ns, commanded.t_ns[1:]) - 1
    fits = index >= 0
    gaps = np.linalg.norm(applied.data[np.maximum(index, 0), :3] - commanded.data[:-1, :3], axis=1)
    clipped = fits & (gaps > limit("clip_distance"))
    share = float(clipped.sum() / max(1, fits.sum()))
    found.most("clipped_share", device, share)
    stretches = runs(clipped)
    if len(stretches) == 0:
        return
    place = longest(commanded.t_ns, stretches)
    found.places["clipped_share"] = place
    if share > limit("clipped_share"):
        text = (
            f"{share:.0%} of the commands were not reached by more than {limit('clip_distance') * 1e3:g} mm "
            f"(limit {limit('clipped_share'):.0%}), at most by {gaps[clipped].max() * 1e3:.0f} mm."
        )
        found.flag("clipped", "clipped_share", share, text, place, applied.topic)


def measure_governor(material: Material, device: str, reasons: Stream, found: Finding) -> None:
    """Measure for how long the governor changed the motion or held the arm, by reason."""
    bits = reasons.data.reshape(len(reasons.data), -1)[:, 0].astype(np.int64)
    weights = weights_s(reasons.t_ns, material.end_ns)
    for reason, name in NAMES.items():
        seconds = float(weights[(bits & int(reason)) != 0].sum())
        if seconds > 0.0:
            found.most(f"governor_{name}_s", device, seconds)
    whole = max(float(weights.sum()), 1e-9)
    limiting = (bits & int(LIMITING)) != 0
    stopping = (bits & ~int(LIMITING | ROUTINE)) != 0
    limited, stopped = float(weights[limiting].sum()), float(weights[stopping].sum())
    found.most("limited_s", device, limited, _place(reasons, limiting))
    found.most("stopped_s", device, stopped, _place(reasons, stopping))
    if limited / whole > limit("limited_share"):
        text = (
            f"The governor changed the motion for {limited:.1f} s, {limited / whole:.0%} of the take "
            f"(limit {limit('limited_share'):.0%}): {_words(bits[limiting], LIMITING)}."
        )
        place = _place(reasons, limiting) or (material.start_ns, material.start_ns)
        found.flag("governor", "limited_share", limited / whole, text, place, reasons.topic)
    if stopped > limit("stopped_time"):
        for first, last in _joined(reasons.t_ns, runs(stopping))[:20]:
            inside = bits[first:last]
            seconds = float(weights[first:last][stopping[first:last]].sum())
            why = _words(inside, ~(LIMITING | ROUTINE))
            text = (
                f"The governor held the arm for {seconds:.2f} s (limit {limit('stopped_time'):g} s): {why}."
            )
            span = (int(reasons.t_ns[first]), int(reasons.t_ns[last - 1]))
            found.flag("stopped", "stopped_time", seconds, text, span, reasons.topic)


def _place(stream: Stream, holds: np.ndarray) -> tuple[int, int] | None:
    found = runs(holds)
    return longest(stream.t_ns, found) if len(found) else None


def _joined(t_ns: np.ndarray, found: np.ndarray) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in found:
        if joined and t_ns[first] - t_ns[joined[-1][1] - 1] < JOIN_NS:
            joined[-1] = (joined[-1][0], int(last))
        else:
            joined.append((int(first), int(last)))
    return joined


def _words(bits: np.ndarray, among: Reason) -> str:
    """Return the reasons in words, the most frequent first."""
    counts = {
        text: int(((bits & int(reason)) != 0).sum()) for reason, text in WORDS.items() if reason & among
    }
    return ", ".join(
        sorted((text for text in counts if counts[text]), key=lambda text: (-counts[text], text))
    )
