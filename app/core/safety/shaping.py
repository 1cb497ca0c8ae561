"""How the applied target may change: limits of speed, acceleration and jerk, and the energy it may put into a contact.

Pure functions, used by `app.core.safety.governor`. Vectors are (3,), in the base frame; limits hold for their lengths.
"""

from __future__ import annotations

import math

import numpy as np

from app.core.safety.limits import Limits


def length(vector: np.ndarray) -> float:
    """Return the Euclidean length."""
    return math.sqrt(float(vector @ vector))


def shorten(vector: np.ndarray, longest: float) -> np.ndarray:
    """Return the vector, or one of the same direction and length `longest` if it is longer."""
    size = length(vector)
    return vector if size <= longest else vector * (longest / size)


def braking_start(change: float, jerk_step: float, dt_s: float) -> float:
    """Return the acceleration from which ramping down by `jerk_step` per period gains exactly `change` of velocity.

    With n whole steps and a fraction f, a = (n + f)·J gains dt·J·(n(n+1)/2 + f(n+1)); this is solved for a.
    """
    share = change / (jerk_step * dt_s)
    whole = math.floor((math.sqrt(8.0 * share + 1.0) - 1.0) / 2.0)
    return float(whole + (share - whole * (whole + 1) / 2) / (whole + 1)) * jerk_step


def shape(
    wanted: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray, fastest: float, hardest: float,
    jerk: float, dt_s: float,
) -> tuple[np.ndarray, np.ndarray, bool]:  # fmt: skip
    """Return velocity and acceleration of the next period: as near to `wanted` as the limits allow, without overshoot.

    Speed and acceleration are never exceeded. Jerk gives way where all three cannot be kept: when the velocity would
    leave the ball of allowed speeds because `wanted` turned away at the last moment.

    Args:
        fastest, hardest, jerk: Limits of speed, acceleration and jerk.

    Returns:
        Velocity, acceleration, and whether `wanted` was faster than allowed.
    """
    limited = length(wanted) > fastest
    goal = shorten(wanted, fastest)
    change = goal - velocity
    size = length(change)
    aim = np.zeros(3)
    if size > 1e-12:
        aim = change * (min(braking_start(size, jerk * dt_s, dt_s), hardest) / size)
    acceleration = acceleration + shorten(aim - acceleration, jerk * dt_s)
    following = shorten(velocity + acceleration * dt_s, fastest)
    if length(goal - following) < 1e-9:
        following = goal  # there, and not only almost
    return following, (following - velocity) / dt_s, limited


def allowed_share(
    wanted: np.ndarray, force: np.ndarray, energy_j: float, limits: Limits, dt_s: float
) -> float:
    """Return the share 0..1 of a velocity at which the power put into a contact stays within its limits.

    Args:
        wanted: Velocity that is asked for.
        force: What the surroundings exert on the tool, N.
        energy_j: What is left in the tank.
    """
    power = -float(force @ wanted)
    spare = max(0.0, energy_j - limits.energy_floor_j) / dt_s + limits.refill_w
    most = min(limits.power_w, spare)
    return 1.0 if power <= most else most / power


def fill(energy_j: float, velocity: np.ndarray, force: np.ndarray, limits: Limits, dt_s: float) -> float:
    """Return what is in the tank after a period at `velocity`: less what was given, more what came back, refilled."""
    gained = (limits.refill_w + float(force @ velocity)) * dt_s
    return min(limits.energy_start_j, energy_j + gained)
