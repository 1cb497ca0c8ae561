"""How the tool moved: idle stretches, smoothness, speed, start. Positions in metres, base frame; pure numpy."""

from __future__ import annotations

import numpy as np

from app.core.clock import NS_PER_S
from app.quality.finding import Finding
from app.quality.limits import limit
from app.quality.material import Material, Stream
from app.quality.spans import longest, runs, weights_s

RATE_HZ = 100.0  # of the even grid on which derivatives are taken
HALF_WINDOW = 8  # samples of the grid to each side: 0.17 s in all
DEGREE = 5  # of the local polynomial
LEAST_S = 0.5  # shorter takes have no derivatives worth telling


def measure_motion(material: Material, found: Finding) -> None:
    """Measure every arm; the numbers of the episode are those of its worst arm, the start that of its first."""
    if not material.pose:
        for name in ("idle_share", "smoothness", "speed_m_s", "start_x_m", "start_y_m", "start_z_m"):
            found.missing[name] = "no stream of measured poses was recorded"
    for device, pose in sorted(material.pose.items()):
        if len(pose.t_ns) == 0:
            continue
        if "start_x_m" not in found.measures:
            for axis, value in zip("xyz", pose.data[0, :3], strict=True):
                found.measures[f"start_{axis}_m"] = float(value)
        if (pose.t_ns[-1] - pose.t_ns[0]) / NS_PER_S < LEAST_S:
            for name in ("idle_share", "smoothness", "speed_m_s"):
                found.missing[name] = f"the take is shorter than {LEAST_S:g} s"
            continue
        _measure_speed(device, pose, found)
    measure_idle(material, found)


def _measure_speed(device: str, pose: Stream, found: Finding) -> None:
    t_s, points = even_grid(pose)
    speeds = np.linalg.norm(derivative(points, 1), axis=1)
    fastest = int(np.argmax(speeds))
    at = int(pose.t_ns[0] + t_s[fastest] * NS_PER_S)
    found.most("speed_m_s", device, float(np.percentile(speeds, 95.0)), (at, at))
    value = log_dimensionless_jerk(points)
    if value is None:
        found.missing["smoothness"] = "the tool did not move"
        return
    found.measures[f"smoothness_{device}"] = value
    if value < found.measures.get("smoothness", float("inf")):
        jerks = np.linalg.norm(derivative(points, 3), axis=1)
        roughest = int(pose.t_ns[0] + t_s[int(np.argmax(jerks))] * NS_PER_S)
        found.measures["smoothness"] = value
        found.places["smoothness"] = (roughest, roughest)


def even_grid(pose: Stream) -> tuple[np.ndarray, np.ndarray]:
    """Return times (n,) in seconds since the first sample and positions (n, 3) on an even grid, interpolated."""
    seconds = pose.seconds
    t_s = np.arange(0.0, seconds[-1], 1.0 / RATE_HZ)
    return t_s, np.stack([np.interp(t_s, seconds, pose.data[:, axis]) for axis in range(3)], axis=1)


def derivative(points: np.ndarray, order: int, rate_hz: float = RATE_HZ) -> np.ndarray:
    """Return the derivative (n, columns) of evenly sampled values by local least squares.

    A polynomial of degree 5 over 17 samples (Savitzky and Golay, Anal. Chem. 36, 1964, p. 1627); at the ends the
    polynomial of the nearest full window is evaluated off its centre.
    """
    count = len(points)
    window = min(2 * HALF_WINDOW + 1, count if count % 2 else count - 1)
    if window <= DEGREE:
        return np.zeros_like(points)
    half = window // 2
    powers = np.arange(DEGREE + 1)
    offsets = np.arange(-half, half + 1, dtype=np.float64)
    fit = np.linalg.pinv(offsets[:, None] ** powers)  # (degree + 1, window): samples to coefficients
    windows = np.lib.stride_tricks.sliding_window_view(
        points, window, axis=0
    )  # (n - window + 1, columns, window)
    coefficients = windows @ fit.T
    centre = np.clip(np.arange(count), half, count - 1 - half)
    off = (np.arange(count) - centre)[:, None].astype(np.float64)
    falling = np.array(
        [np.prod(np.arange(power, power - order, -1)) if power >= order else 0.0 for power in powers]
    )
    terms = falling * off ** np.maximum(powers - order, 0)
    return np.einsum("nck,nk->nc", coefficients[centre - half], terms) * rate_hz**order


def log_dimensionless_jerk(points: np.ndarray, rate_hz: float = RATE_HZ) -> float | None:
    """Return how smooth a motion is: LDLJ = −ln( T³ / v² · ∫ |d³x/dt³|² dt ), v the peak speed, T the duration.

    Balasubramanian, Melendez-Calderon, Roby-Brami and Burdet, "On the analysis of movement smoothness", Journal of
    NeuroEngineering and Rehabilitation 12:112, 2015. A minimum-jerk reach has −5.32.

    Args:
        points: Positions (n, 3) on an even grid.

    Returns:
        The number, or None for a tool that stood still.
    """
    speed = (
        float(np.linalg.norm(derivative(points, 1, rate_hz), axis=1).max()) if len(points) > DEGREE else 0.0
    )
    if speed < limit("idle_speed"):
        return None
    squares = np.sum(derivative(points, 3, rate_hz) ** 2, axis=1)
    duration = (len(points) - 1) / rate_hz
    total = float(np.trapezoid(squares, dx=1.0 / rate_hz))
    return -float(np.log(max(total, 1e-12) * duration**3 / speed**2))


def measure_idle(material: Material, found: Finding) -> None:
    """Measure where no arm moves, turns or works its gripper, in stretches of at least `idle_stretch`."""
    t_ns, still = stillness(material)
    if len(t_ns) < 2:
        return
    stretches = runs(still)
    if len(stretches):
        last = np.minimum(stretches[:, 1], len(t_ns) - 1)
        long_enough = (t_ns[last] - t_ns[stretches[:, 0]]) / NS_PER_S >= limit("idle_stretch")
        stretches = stretches[long_enough]
    weights = weights_s(t_ns, material.end_ns)
    idle_s = sum(float(weights[first:last].sum()) for first, last in stretches)
    whole = float(weights.sum())
    share = idle_s / whole if whole > 0.0 else 0.0
    found.measures["idle_share"] = share
    if len(stretches) == 0:
        return
    place = longest(t_ns, stretches)
    found.places["idle_share"] = place
    pause = (place[1] - place[0]) / NS_PER_S
    if share > limit("idle_share"):
        text = f"Nothing moves for {idle_s:.1f} s, {share:.0%} of the take (limit {limit('idle_share'):.0%})."
        found.flag("idle", "idle_share", share, text, place)
    elif pause > limit("idle_longest"):
        text = f"Nothing moves for {pause:.1f} s at once (limit {limit('idle_longest'):g} s)."
        found.flag("idle", "idle_longest", pause, text, place)


def stillness(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Return session times (n,) of an even grid, and whether everything stands still there (n,)."""
    moving = [pose for pose in material.pose.values() if len(pose.t_ns) > 1]
    if not moving:
        return np.zeros(0, np.int64), np.zeros(0, bool)
    start, end = min(int(pose.t_ns[0]) for pose in moving), max(int(pose.t_ns[-1]) for pose in moving)
    t_ns = np.arange(start, end + 1, round(NS_PER_S / RATE_HZ))
    still = np.ones(len(t_ns), bool)
    reach = round(0.05 * RATE_HZ)  # speed over 0.1 s: the measured pose is noisy
    for pose in moving:
        seconds, at = pose.seconds, (t_ns - pose.t_ns[0]) / NS_PER_S
        values = np.stack([np.interp(at, seconds, column) for column in pose.data.T], axis=1)
        still &= _speed(values[:, :3], reach) < limit("idle_speed")
        still &= 2.0 * _speed(_continuous(values[:, 3:7]), reach) < limit("idle_turn")
    for gripper in material.gripper.values():
        if len(gripper.t_ns) > 1:
            at = (t_ns - gripper.t_ns[0]) / NS_PER_S
            opening = np.interp(at, gripper.seconds, gripper.data.reshape(len(gripper.data), -1)[:, 0])
            still &= _speed(opening[:, None], reach) < limit("idle_speed")
    return t_ns, still


def _speed(values: np.ndarray, reach: int) -> np.ndarray:
    count = len(values)
    before, after = np.maximum(np.arange(count) - reach, 0), np.minimum(np.arange(count) + reach, count - 1)
    lengths = np.linalg.norm(values[after] - values[before], axis=1)
    return np.asarray(lengths * RATE_HZ / np.maximum(after - before, 1))


def _continuous(quaternions: np.ndarray) -> np.ndarray:
    """Return quaternions (n, 4) without jumps of sign; the angle between near ones is twice their distance."""
    flips = np.sum(quaternions[1:] * quaternions[:-1], axis=1) < 0.0
    signs = np.where(np.concatenate([[False], np.cumsum(flips) % 2 == 1]), -1.0, 1.0)
    return quaternions * signs[:, None]
