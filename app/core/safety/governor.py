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
from app.core.safety.reasons import Reason
from app.core.safety.state import GovernorState
from app.core.wire.messages import SOURCES, Enable, SetPoint, Source

FUTURE_TOLERANCE_NS = 5_000_000
_PRIORITY: dict[Source, int] = {"operator": 2, "takeover": 2, "home": 2}


@dataclass(frozen=True)
class Measured:
    """What the device measured: pose (7,) in the base frame, opening in m, contact force norm in N."""

    pose: np.ndarray
    gripper: float
    force_n: float


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
        yield_to=None, latched=Reason.NONE, lease_ns=now_ns,
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


def accept(
    state: GovernorState, setpoint: SetPoint, now_ns: int, limits: Limits
) -> tuple[GovernorState, Reason]:
    """Judge one set-point; returns the state, changed only if it was accepted, and why not."""
    if setpoint.holder != state.holder or setpoint.source != state.source:
        return state, Reason.LEASE
    if setpoint.source not in SOURCES or (setpoint.pose is not None and len(setpoint.pose) != 7):
        return state, Reason.SCHEMA
    numbers = (*(setpoint.pose or ()), setpoint.gripper)
    if not all(math.isfinite(number) for number in numbers):
        return state, Reason.NOT_FINITE
    if setpoint.pose is not None and abs(math.hypot(*setpoint.pose[3:]) - 1.0) > 1e-2:
        return state, Reason.SCHEMA
    if setpoint.seq <= state.last_seq:
        return state, Reason.SEQUENCE
    if setpoint.stamp_ns < state.lease_ns or not _fresh(setpoint.stamp_ns, now_ns, limits.setpoint_expiry_ms):
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
        return replace(state, press=press, enable_ns=stamp_ns, yield_to=None, latched=Reason.NONE)
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
    if not (np.isfinite(measured.pose).all() and math.isfinite(measured.force_n)):
        state = stop(state, Reason.NOT_FINITE)
        return _rest(state, dt_s, limits), state.latched
    if measured.force_n > limits.force_n and state.yield_to is None:
        state = replace(stop(state, Reason.FORCE), yield_to=np.array(measured.pose[:3]))
    if state.yield_to is not None:
        goal = np.concatenate([state.yield_to, state.quaternion])
        moved, _ = _move(state, goal, state.gripper, dt_s, tracking_s, limits)
        return moved, state.latched | Reason.REARM
    state, refused = _enabled(state, now_ns, limits)
    if refused or state.setpoint is None or state.setpoint.pose is None:
        return _rest(state, dt_s, limits), state.latched | refused
    goal, reasons = _confine(np.asarray(state.setpoint.pose), measured, limits)
    gripper = min(max(state.setpoint.gripper, limits.gripper_min_m), limits.gripper_max_m)
    moved, limited = _move(state, goal, gripper, dt_s, tracking_s, limits)
    return moved, reasons | limited


def _enabled(state: GovernorState, now_ns: int, limits: Limits) -> tuple[GovernorState, Reason]:
    if state.holder == "":
        return state, Reason.NOT_ENABLED
    if state.press <= state.spent_press:
        return state, Reason.REARM if state.spent_press else Reason.NOT_ENABLED
    if not _fresh(state.enable_ns, now_ns, limits.token_expiry_ms):
        return stop(state, Reason.NONE), Reason.NOT_ENABLED
    if state.setpoint is not None and not _fresh(state.setpoint.stamp_ns, now_ns, limits.setpoint_expiry_ms):
        return stop(state, Reason.EXPIRED), Reason.EXPIRED
    return state, Reason.NONE


def _confine(goal: np.ndarray, measured: Measured, limits: Limits) -> tuple[np.ndarray, Reason]:
    """Pull a goal (7,) to within reach of the measured pose, then into the workspace box."""
    reasons = Reason.NONE
    goal = goal.copy()
    goal[3:] /= math.sqrt(float(goal[3:] @ goal[3:]))
    offset = goal[:3] - measured.pose[:3]
    distance = math.sqrt(float(offset @ offset))
    if distance > limits.distance_m:
        reasons |= Reason.DISTANCE
        goal[:3] = measured.pose[:3] + offset * (limits.distance_m / distance)
    turn = rotation_error(goal[3:], measured.pose[3:])
    angle = math.sqrt(float(turn @ turn))
    if angle > limits.angle_rad:
        reasons |= Reason.DISTANCE
        goal[3:] = quat_multiply(rotvec_to_quat(turn * (limits.angle_rad / angle)), measured.pose[3:])
    inside = np.minimum(np.maximum(goal[:3], limits.box_min_m), limits.box_max_m)
    if (inside != goal[:3]).any():
        reasons |= Reason.WORKSPACE
        goal[:3] = inside
    return goal, reasons


def _move(
    state: GovernorState, goal: np.ndarray, gripper: float, dt_s: float, tracking_s: float, limits: Limits
) -> tuple[GovernorState, Reason]:
    wanted = (goal[:3] - state.position) / tracking_s
    turn = rotation_error(goal[3:], state.quaternion) / tracking_s
    velocity, fast = _limit(wanted, state.velocity, limits.speed_m_s, limits.acceleration_m_s2 * dt_s)
    angular, fast_turn = _limit(
        turn, state.angular_velocity, limits.angular_speed_rad_s, limits.angular_acceleration_rad_s2 * dt_s
    )
    reasons = Reason.SPEED if fast or fast_turn else Reason.NONE
    return _displace(state, velocity, angular, gripper, dt_s, limits), reasons


def _rest(state: GovernorState, dt_s: float, limits: Limits) -> GovernorState:
    velocity, _ = _limit(np.zeros(3), state.velocity, limits.speed_m_s, limits.acceleration_m_s2 * dt_s)
    angular, _ = _limit(
        np.zeros(3),
        state.angular_velocity,
        limits.angular_speed_rad_s,
        limits.angular_acceleration_rad_s2 * dt_s,
    )
    return _displace(state, velocity, angular, state.gripper, dt_s, limits)


def _displace(
    state: GovernorState,
    velocity: np.ndarray,
    angular: np.ndarray,
    gripper: float,
    dt_s: float,
    limits: Limits,
) -> GovernorState:
    position = np.minimum(np.maximum(state.position + velocity * dt_s, limits.box_min_m), limits.box_max_m)
    quaternion = quat_multiply(rotvec_to_quat(angular * dt_s), state.quaternion)
    quaternion /= math.sqrt(float(quaternion @ quaternion))
    return replace(
        state,
        position=position,
        quaternion=quaternion,
        gripper=gripper,
        velocity=velocity,
        angular_velocity=angular,
    )


def _limit(wanted: np.ndarray, present: np.ndarray, fastest: float, step: float) -> tuple[np.ndarray, bool]:
    """Return the velocity (3,) nearest to `wanted` that is slow enough and within one `step` of the present one."""
    speed = math.sqrt(float(wanted @ wanted))
    limited = speed > fastest
    if limited:
        wanted = wanted * (fastest / speed)
    change = wanted - present
    size = math.sqrt(float(change @ change))
    if size > step:
        return present + change * (step / size), limited
    return wanted, limited
