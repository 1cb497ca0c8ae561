"""The governor: `accept` judges what arrives, `advance` moves the applied target once per governor period.

Order of the checks, as the design has it: lease, schema, finite, sequence and age (in `accept`); armed and enabled,
distance from the measured pose, workspace, speed and acceleration, force reflex (in `advance`). Finiteness comes
before any clamp, because clamping NaN yields NaN.

State machine of enabling:

    disarmed --fresh token of a new press--> enabled --token or set-point expires, stop, reflex--> disarmed
    (a press that was stopped is spent: the same press never enables again)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from app.core.geometry import quat_multiply, rotation_error, rotvec_to_quat
from app.core.safety.limits import Limits
from app.core.safety.punctuality import Punctuality
from app.core.safety.reasons import Reason
from app.core.safety.shaping import allowed_share, fill, length, shape, shorten
from app.core.safety.state import GovernorState
from app.core.wire.messages import SOURCES, Enable, SetPoint, Source

FUTURE_TOLERANCE_NS = 5_000_000
FARTHEST_M = 1e3  # no arm reaches a kilometre; such numbers are no positions
_PRIORITY: dict[Source, int] = {"operator": 2, "takeover": 2, "home": 2}


@dataclass(frozen=True)
class Measured:
    """What the device measured: pose (7,) in the base frame, opening in m, contact force norm in N.

    `force` (3,), N, base frame, is what the surroundings exert on the tool, where the device knows it.
    """

    pose: np.ndarray
    gripper: float
    force_n: float
    force: np.ndarray | None = None

    def force_along(self, velocity: np.ndarray) -> np.ndarray:
        """Return the force (3,), or the worst that it could be for this motion where only its norm is known."""
        if self.force is not None:
            return self.force
        speed = length(velocity)
        return velocity * (-self.force_n / speed) if speed > 0.0 else np.zeros(3)


def take_lease(
    state: GovernorState, holder: str, source: Source, now_ns: int = 0
) -> tuple[GovernorState, bool]:
    """Give the arm to `holder` if it is free, or if an operator takes it from something that is none.

    Set-points and enabling of the former holder no longer count, nor any that was made before `now_ns`.
    """
    present = _PRIORITY.get(state.source, 1)
    if state.holder not in ("", holder) and _PRIORITY.get(source, 1) <= present:
        return state, False
    fresh = replace(
        state, holder=holder, source=source, setpoint=None, last_seq=-1, enable_ns=0, press=0, spent_press=0,
        armed_ns=0, yield_to=None, latched=Reason.NONE, lease_ns=now_ns, punctuality=Punctuality(),
    )  # fmt: skip
    return fresh, True


def release_lease(state: GovernorState, holder: str) -> GovernorState:
    """Free the arm if `holder` has it; the applied target comes to rest where it is."""
    if state.holder != holder:
        return state
    return replace(state, holder="", source="none", setpoint=None, enable_ns=0)


def keep_lease(state: GovernorState, fresh: GovernorState) -> GovernorState:
    """Return `fresh` with the lease of `state`, its presses spent: after a reset nothing moves without a new press."""
    return replace(
        fresh, holder=state.holder, source=state.source, last_seq=state.last_seq, press=state.press,
        spent_press=state.press, lease_ns=state.lease_ns,
    )  # fmt: skip


def stop(state: GovernorState, reason: Reason) -> GovernorState:
    """End motion until the enabling input is released and pressed again."""
    return replace(
        state, spent_press=max(state.spent_press, state.press), setpoint=None, latched=state.latched | reason
    )


def rest(state: GovernorState, measured: Measured) -> GovernorState:
    """Come back after a stall of the governor itself: at rest where the arm is, and re-armed by a new press only.

    A ramp from the old speed would be a motion that nobody asks for any more. A target that was at rest stays, and so
    does one whose arm has no finite measured pose.
    """
    if state.holder and state.press > state.spent_press:
        state = stop(state, Reason.EXPIRED)
    moving = bool(state.velocity.any() or state.angular_velocity.any())
    known = bool(np.isfinite(measured.pose).all())
    here = GovernorState.at(measured.pose, state.gripper) if moving and known else state
    return replace(
        state, position=here.position, quaternion=here.quaternion, velocity=_zeros(), acceleration=_zeros(),
        angular_velocity=_zeros(), angular_acceleration=_zeros(), armed_ns=0, yield_to=None,
    )  # fmt: skip


def accept(
    state: GovernorState, setpoint: SetPoint, now_ns: int, limits: Limits
) -> tuple[GovernorState, Reason]:
    """Judge one set-point; returns the state and why it was refused. A refused one counts as late at the most."""
    if setpoint.holder != state.holder or setpoint.source != state.source:
        return state, Reason.LEASE
    if setpoint.source not in SOURCES or (setpoint.pose is not None and len(setpoint.pose) != 7):
        return state, Reason.SCHEMA
    numbers = (*(setpoint.pose or ()), setpoint.gripper)
    if not all(math.isfinite(number) for number in numbers):
        return state, Reason.NOT_FINITE
    if setpoint.pose is not None and (
        abs(math.hypot(*setpoint.pose[3:]) - 1.0) > 1e-2 or math.hypot(*setpoint.pose[:3]) > FARTHEST_M
    ):
        return state, Reason.SCHEMA
    if setpoint.seq <= state.last_seq:
        return state, Reason.SEQUENCE
    if not state.lease_ns <= setpoint.stamp_ns <= now_ns + FUTURE_TOLERANCE_NS:
        return state, Reason.AGE
    state = replace(state, punctuality=state.punctuality.noted(setpoint.stamp_ns, now_ns, limits))
    if not _fresh(setpoint.stamp_ns, now_ns, limits.setpoint_expiry_ms):
        return state, Reason.AGE
    state = replace(state, setpoint=setpoint, last_seq=setpoint.seq)
    if setpoint.token_ns:
        state = _take_token(state, setpoint.token_ns, setpoint.press, now_ns)
    return state, Reason.NONE


def accept_enable(
    state: GovernorState, enable: Enable, now_ns: int, simulated: bool
) -> tuple[GovernorState, Reason]:
    """Take in an enabling input of its own; a headless one counts on simulated rigs only."""
    if enable.headless and not simulated:
        return state, Reason.NOT_ENABLED
    if enable.headless and enable.holder != state.holder:
        return state, Reason.LEASE
    return _take_token(state, enable.stamp_ns, enable.press, now_ns), Reason.NONE


def _take_token(state: GovernorState, stamp_ns: int, press: int, now_ns: int) -> GovernorState:
    made_now = state.lease_ns <= stamp_ns <= now_ns + FUTURE_TOLERANCE_NS
    if not made_now or press <= state.spent_press or press < state.press:
        return state
    if press > state.press:
        return replace(
            state, press=press, enable_ns=stamp_ns, armed_ns=0, yield_to=None, latched=Reason.NONE,
            punctuality=Punctuality(),
        )  # fmt: skip
    return replace(state, enable_ns=max(state.enable_ns, stamp_ns))


def _fresh(stamp_ns: int, now_ns: int, expiry_ms: float) -> bool:
    return stamp_ns <= now_ns + FUTURE_TOLERANCE_NS and now_ns - stamp_ns <= expiry_ms * 1e6


def advance(
    state: GovernorState, measured: Measured, now_ns: int, dt_s: float, tracking_s: float, limits: Limits
) -> tuple[GovernorState, Reason]:
    """Move the applied target by one governor period.

    Args:
        dt_s: Length of this governor period.
        tracking_s: Time in which the applied target would reach a still set-point: one control period.

    Returns:
        The next state, whose position, quaternion and gripper are the output, and the reasons of every change.
    """
    if not (np.isfinite([*measured.pose, measured.force_n]).all() and _is_finite(measured.force)):
        state = stop(state, Reason.NOT_FINITE)
        return _rest(state, dt_s, limits), state.latched
    if measured.force_n > limits.force_n and state.yield_to is None:
        state = replace(stop(state, Reason.FORCE), yield_to=np.array(measured.pose[:3]))
    if state.yield_to is not None:
        goal = np.concatenate([state.yield_to, state.quaternion])
        moved, _ = _move(state, goal, state.gripper, dt_s, tracking_s, limits, _zeros())
        return moved, state.latched | Reason.REARM
    state, refused = _enabled(state, now_ns, limits)
    setpoint = state.setpoint
    if refused or setpoint is None or setpoint.pose is None:
        return _rest(state, dt_s, limits), state.latched | refused
    late = state.punctuality.reason
    state = state if state.armed_ns else _place(state, measured, now_ns, limits)
    goal, reasons = _confine(np.asarray(setpoint.pose), measured, limits, _ramp(state, now_ns, limits))
    gripper = min(max(setpoint.gripper, limits.gripper_min_m), limits.gripper_max_m)
    wanted = (goal[:3] - state.position) / tracking_s
    force = measured.force_along(wanted)
    moved, limited = _move(state, goal, gripper, dt_s, tracking_s, limits, force)
    return moved, reasons | limited | late


def _enabled(state: GovernorState, now_ns: int, limits: Limits) -> tuple[GovernorState, Reason]:
    if state.holder == "":
        return state, Reason.NOT_ENABLED
    if state.press <= state.spent_press:
        return state, Reason.REARM if state.spent_press else Reason.NOT_ENABLED
    if not _fresh(state.enable_ns, now_ns, limits.token_expiry_ms):
        return stop(state, Reason.NONE), Reason.NOT_ENABLED
    if state.setpoint is not None and not _fresh(state.setpoint.stamp_ns, now_ns, limits.setpoint_expiry_ms):
        return stop(state, Reason.EXPIRED), Reason.EXPIRED
    if state.punctuality.reason is Reason.TOO_LATE:
        return stop(state, Reason.TOO_LATE), Reason.TOO_LATE
    return state, Reason.NONE


def _is_finite(force: np.ndarray | None) -> bool:
    return force is None or bool(np.isfinite(force).all())


def _zeros() -> np.ndarray:
    return np.zeros(3)


def _place(state: GovernorState, measured: Measured, now_ns: int, limits: Limits) -> GovernorState:
    """Begin a press: a target that is far from the arm, because that was moved meanwhile, is laid where the arm is."""
    turn = length(rotation_error(state.quaternion, measured.pose[3:]))
    if length(state.position - measured.pose[:3]) > limits.start_distance_m or turn > limits.start_angle_rad:
        here = GovernorState.at(measured.pose, state.gripper)
        state = replace(
            state, position=here.position, quaternion=here.quaternion, velocity=_zeros(), acceleration=_zeros(),
            angular_velocity=_zeros(), angular_acceleration=_zeros(),
        )  # fmt: skip
    return replace(state, armed_ns=max(now_ns, 1))


def _ramp(state: GovernorState, now_ns: int, limits: Limits) -> float:
    """Return how much of the reach from the measured pose is open, 0..1, since the press began."""
    return min(1.0, (now_ns - state.armed_ns) * 1e-6 / limits.start_ramp_ms)


def _confine(goal: np.ndarray, measured: Measured, limits: Limits, ramp: float) -> tuple[np.ndarray, Reason]:
    """Pull a goal (7,) to within reach of the measured pose, then into the workspace box."""
    reasons = Reason.NONE
    goal = goal.copy()
    goal[3:] /= math.sqrt(float(goal[3:] @ goal[3:]))
    reach = limits.start_distance_m + (limits.distance_m - limits.start_distance_m) * ramp
    offset = goal[:3] - measured.pose[:3]
    if length(offset) > reach:
        reasons |= Reason.DISTANCE if ramp >= 1.0 else Reason.NONE
        goal[:3] = measured.pose[:3] + shorten(offset, reach)
    reach = limits.start_angle_rad + (limits.angle_rad - limits.start_angle_rad) * ramp
    turn = rotation_error(goal[3:], measured.pose[3:])
    if length(turn) > reach:
        reasons |= Reason.DISTANCE if ramp >= 1.0 else Reason.NONE
        goal[3:] = quat_multiply(rotvec_to_quat(shorten(turn, reach)), measured.pose[3:])
    inside = np.minimum(np.maximum(goal[:3], limits.box_min_m), limits.box_max_m)
    if (inside != goal[:3]).any():
        reasons |= Reason.WORKSPACE
        goal[:3] = inside
    return goal, reasons


def _move(
    state: GovernorState, goal: np.ndarray, gripper: float, dt_s: float, tracking_s: float, limits: Limits,
    force: np.ndarray,
) -> tuple[GovernorState, Reason]:  # fmt: skip
    """Go towards a goal with a first-order lag of `tracking_s`, within speed, acceleration, jerk, power and energy."""
    wanted = shorten((goal[:3] - state.position) / tracking_s, 2.0 * limits.speed_m_s)
    energy_j = limits.energy_start_j if state.energy_j is None else state.energy_j
    within = shorten(wanted, limits.speed_m_s)
    share = allowed_share(within, force, energy_j, limits, dt_s)
    if share < 1.0:
        wanted = within * share
    turn = rotation_error(goal[3:], state.quaternion) / tracking_s
    moved, fast = _shaped(state, wanted, turn, gripper, dt_s, limits)
    reasons = (Reason.SPEED if fast else Reason.NONE) | (Reason.POWER if share < 1.0 else Reason.NONE)
    return replace(moved, energy_j=fill(energy_j, moved.velocity, force, limits, dt_s)), reasons


def _rest(state: GovernorState, dt_s: float, limits: Limits) -> GovernorState:
    moved, _ = _shaped(state, _zeros(), _zeros(), state.gripper, dt_s, limits)
    if state.energy_j is not None:
        energy_j = fill(state.energy_j, _zeros(), _zeros(), limits, dt_s)
        return replace(moved, energy_j=energy_j)
    return moved


def _shaped(
    state: GovernorState, wanted: np.ndarray, turn: np.ndarray, gripper: float, dt_s: float, limits: Limits
) -> tuple[GovernorState, bool]:
    velocity, acceleration, fast = shape(
        wanted, state.velocity, state.acceleration, limits.speed_m_s, limits.acceleration_m_s2,
        limits.jerk_m_s3, dt_s,
    )  # fmt: skip
    angular, angular_acceleration, fast_turn = shape(
        turn, state.angular_velocity, state.angular_acceleration, limits.angular_speed_rad_s,
        limits.angular_acceleration_rad_s2, limits.angular_jerk_rad_s3, dt_s,
    )  # fmt: skip
    position = np.minimum(np.maximum(state.position + velocity * dt_s, limits.box_min_m), limits.box_max_m)
    quaternion = quat_multiply(rotvec_to_quat(angular * dt_s), state.quaternion)
    quaternion /= math.sqrt(float(quaternion @ quaternion))
    moved = replace(
        state, position=position, quaternion=quaternion, gripper=gripper, velocity=velocity,
        angular_velocity=angular, acceleration=acceleration, angular_acceleration=angular_acceleration,
    )  # fmt: skip
    return moved, fast or fast_turn
