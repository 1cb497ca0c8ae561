"""The governor lets nothing through that breaks a limit, and nothing moves that nobody enables."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.geometry import rotation_error
from app.core.rig import load_rig
from app.core.safety import governor
from app.core.safety.governor import Measured
from app.core.safety.reasons import Reason
from app.core.safety.state import GovernorState
from app.core.wire.messages import Enable, SetPoint

LIMITS = load_rig("sim/wipe").limits
HOME = np.array([0.5, 0.0, 0.2, 0.0, 1.0, 0.0, 0.0])
DT, TRACK = 0.004, 0.02
START = 1_000_000_000
MS = 1_000_000


def held(source: str = "operator") -> GovernorState:
    state, given_ = governor.take_lease(GovernorState.at(HOME, 0.04), "me", source)  # type: ignore[arg-type]
    assert given_
    return state


def setpoint(seq: int, now: int, pose: object = tuple(HOME), press: int = 1, **changes: object) -> SetPoint:
    base = SetPoint(1, "me", "operator", seq, now, now, press, -1, pose, 0.04)  # type: ignore[arg-type]
    return SetPoint(**{**{f: getattr(base, f) for f in base.__struct_fields__}, **changes})


def test_a_fresh_setpoint_with_a_token_moves_the_arm_towards_it_and_a_stale_one_lets_it_rest() -> None:
    state = held()
    target = HOME.copy()
    target[0] += 0.05
    now = START
    for seq in range(50):  # 1 s of set-points at 50 Hz
        state, reason = governor.accept(state, setpoint(seq, now, tuple(target)), now, LIMITS)
        assert reason is Reason.NONE
        for _ in range(5):
            now += 4 * MS
            pose = np.concatenate([state.position, state.quaternion])
            state, _ = governor.advance(state, Measured(pose, 0.04, 0.0), now, DT, TRACK, LIMITS)
    assert state.position[0] == pytest.approx(0.55, abs=1e-4)
    moved = state.position.copy()
    for _ in range(25):  # 100 ms of silence
        now += 4 * MS
        state, reasons = governor.advance(state, Measured(pose, 0.04, 0.0), now, DT, TRACK, LIMITS)
    assert np.all(state.velocity == 0.0)
    assert np.linalg.norm(state.position - moved) < 1e-3
    assert reasons & Reason.REARM


def test_expiry_ends_motion_within_a_tenth_of_a_second_and_needs_a_new_press() -> None:
    state, now = held(), START
    far = HOME.copy()
    far[0] += 0.05
    state, _ = governor.accept(state, setpoint(0, now, tuple(far)), now, LIMITS)
    last_moving = now
    for _ in range(50):
        now += 4 * MS
        state, _ = governor.advance(state, Measured(HOME, 0.04, 0.0), now, DT, TRACK, LIMITS)
        if np.any(state.velocity != 0.0):
            last_moving = now
    assert last_moving - START <= 100 * MS
    state, _ = governor.accept(state, setpoint(1, now, tuple(far)), now, LIMITS)  # the same press goes on
    state, reasons = governor.advance(state, Measured(HOME, 0.04, 0.0), now, DT, TRACK, LIMITS)
    assert np.all(state.velocity == 0.0)
    assert reasons & Reason.REARM
    state, _ = governor.accept(state, setpoint(2, now, tuple(far), press=2), now, LIMITS)
    state, _ = governor.advance(state, Measured(HOME, 0.04, 0.0), now, DT, TRACK, LIMITS)
    assert np.any(state.velocity != 0.0)


def test_a_token_without_a_fresh_stamp_does_not_enable_however_often_it_is_repeated() -> None:
    state, now = held(), START
    far = tuple(HOME + np.array([0.05, 0, 0, 0, 0, 0, 0]))
    for seq in range(100):
        now += 20 * MS
        stuck = setpoint(seq, now, far, token_ns=START)  # a window that hangs while its operator goes on
        state, _ = governor.accept(state, stuck, now, LIMITS)
        state, _ = governor.advance(state, Measured(HOME, 0.04, 0.0), now, DT, TRACK, LIMITS)
        if now - START > 200 * MS:
            assert np.all(state.velocity == 0.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"holder": "somebody"}, Reason.LEASE),
        ({"source": "policy"}, Reason.LEASE),
        ({"pose": (1.0, 2.0)}, Reason.SCHEMA),
        ({"pose": (0.5, math.nan, 0.2, 0, 1, 0, 0)}, Reason.NOT_FINITE),
        ({"gripper": math.inf}, Reason.NOT_FINITE),
        ({"pose": (0.5, 0.0, 0.2, 0, 2.0, 0, 0)}, Reason.SCHEMA),
        ({"seq": -5}, Reason.SEQUENCE),
        ({"stamp_ns": START - 61 * MS}, Reason.AGE),
        ({"stamp_ns": START + 20 * MS}, Reason.AGE),
    ],
)
def test_what_is_wrong_is_refused_for_its_own_reason(changes: dict[str, object], reason: Reason) -> None:
    state = held()
    wrong = setpoint(**{"seq": 0, "now": START, **changes})  # type: ignore[arg-type]
    after, refused = governor.accept(state, wrong, START, LIMITS)
    assert refused is reason
    assert replace(after, punctuality=state.punctuality) == state


def test_force_over_the_limit_yields_to_the_measured_pose_and_disarms() -> None:
    state, now = held(), START
    deep = HOME.copy()
    deep[2] -= 0.03
    for seq in range(20):
        now += 20 * MS
        state, _ = governor.accept(state, setpoint(seq, now, tuple(deep)), now, LIMITS)
        state, _ = governor.advance(state, Measured(HOME, 0.04, 5.0), now, DT, TRACK, LIMITS)
    assert state.position[2] < HOME[2]
    state, reasons = governor.advance(state, Measured(HOME, 0.04, LIMITS.force_n + 1), now, DT, TRACK, LIMITS)
    assert reasons & Reason.FORCE
    for _ in range(100):
        now += 4 * MS
        state, _ = governor.advance(state, Measured(HOME, 0.04, 0.0), now, DT, TRACK, LIMITS)
    assert state.position[2] == pytest.approx(HOME[2], abs=1e-4)
    state, _ = governor.accept(state, setpoint(50, now, tuple(deep)), now, LIMITS)
    state, reasons = governor.advance(state, Measured(HOME, 0.04, 0.0), now, DT, TRACK, LIMITS)
    assert reasons & Reason.REARM


def test_the_operator_takes_the_arm_from_a_policy_and_not_the_other_way() -> None:
    state = held("policy")
    state, given_ = governor.take_lease(state, "hand", "operator")
    assert given_
    assert state.holder == "hand"
    _, given_ = governor.take_lease(state, "policy", "policy")
    assert not given_
    _, given_ = governor.take_lease(state, "other hand", "operator")
    assert not given_


def test_a_headless_token_counts_on_a_simulated_rig_only() -> None:
    state = held()
    token = Enable(1, "me", START, 1, headless=True)
    simulated, reason = governor.accept_enable(state, token, START, simulated=True)
    assert reason is Reason.NONE
    assert simulated.press == 1
    real, reason = governor.accept_enable(state, token, START, simulated=False)
    assert reason is Reason.NOT_ENABLED
    assert real.press == 0


def test_a_reset_or_a_non_finite_measurement_never_moves_the_arm() -> None:
    state, now = held(), START
    state, _ = governor.accept(state, setpoint(0, now, tuple(HOME + 0.01 * np.eye(7)[0])), now, LIMITS)
    broken = Measured(np.full(7, np.nan), 0.04, 0.0)
    after, reasons = governor.advance(state, broken, now, DT, TRACK, LIMITS)
    assert reasons & Reason.NOT_FINITE
    assert np.isfinite(after.position).all()
    fresh = governor.keep_lease(replace(state, press=4), GovernorState.at(HOME, 0.04))
    assert fresh.holder == "me"
    assert fresh.spent_press == 4


number = st.one_of(
    st.floats(-2.0, 2.0), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e300, 5e-324, -1e9])
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(number, min_size=0, max_size=8), number, st.integers(-3, 60), st.integers(-200, 200),
            st.floats(0.0, 80.0), st.integers(0, 3),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_no_stream_of_hostile_commands_breaks_a_limit(
    commands: list[tuple[list[float], float, int, int, float, int]],
) -> None:
    state, now = held(), START
    low, high = np.array(LIMITS.box_min_m), np.array(LIMITS.box_max_m)
    limits = msgspec.structs.replace(
        LIMITS, late_hold=2.0
    )  # late ones end nothing: more of them move the arm
    for pose, gripper, seq, skew_ms, force, press in commands:
        command = SetPoint(1, "me", "operator", seq, now + skew_ms * MS, now, press, -1, tuple(pose), gripper)
        state, _ = governor.accept(state, command, now, limits)
        for _ in range(3):
            before, now = state, now + 4 * MS
            measured = Measured(np.concatenate([state.position, state.quaternion]), 0.04, force)
            state, _ = governor.advance(state, measured, now, DT, TRACK, limits)
            assert np.isfinite([*state.position, *state.quaternion, state.gripper]).all()
            assert np.all(state.position >= low - 1e-12)
            assert np.all(state.position <= high + 1e-12)
            assert np.linalg.norm(state.velocity) <= LIMITS.speed_m_s + 1e-9
            assert np.linalg.norm(state.position - before.position) <= LIMITS.speed_m_s * DT + 1e-9
            assert np.linalg.norm(state.velocity - before.velocity) <= LIMITS.acceleration_m_s2 * DT + 1e-9
            assert (
                np.linalg.norm(rotation_error(state.quaternion, before.quaternion))
                <= LIMITS.angular_speed_rad_s * DT + 1e-6
            )
            assert LIMITS.gripper_min_m <= state.gripper <= LIMITS.gripper_max_m


def test_what_was_stamped_before_the_lease_counts_neither_as_target_nor_as_token() -> None:
    state, given_ = governor.take_lease(GovernorState.at(HOME, 0.04), "me", "operator", START)
    assert given_
    early = START - 10 * MS
    _, reason = governor.accept(state, setpoint(0, START, stamp_ns=early), START, LIMITS)
    assert reason is Reason.AGE
    state, _ = governor.accept(state, setpoint(1, START, token_ns=early), START, LIMITS)
    assert state.press == 0
    state, reason = governor.accept(state, setpoint(2, START), START, LIMITS)
    assert reason is Reason.NONE
    assert state.press == 1


def test_the_reach_opens_after_a_press_and_a_full_one_is_told_when_it_limits() -> None:
    state, now = held(), START
    far = HOME.copy()
    far[0] += 0.2
    told = []
    for seq in range(30):
        now += 20 * MS
        state, _ = governor.accept(state, setpoint(seq, now, tuple(far)), now, LIMITS)
        state, reasons = governor.advance(state, Measured(HOME, 0.04, 0.0), now, DT, TRACK, LIMITS)
        told.append(bool(reasons & Reason.DISTANCE))
    assert not any(told[:12])
    assert all(told[14:])


def test_pushing_into_a_contact_is_slowed_by_power_and_pulling_out_is_not() -> None:
    hard = np.array([0.0, 0.0, 40.0])
    for direction, slowed in ((-1.0, True), (1.0, False)):
        state, now = held(), START
        goal = HOME.copy()
        goal[2] += 0.05 * direction
        fastest = 0.0
        for seq in range(20):
            now += 4 * MS
            state, _ = governor.accept(state, setpoint(seq, now, tuple(goal)), now, LIMITS)
            pose = np.concatenate([state.position, state.quaternion])
            state, reasons = governor.advance(state, Measured(pose, 0.04, 40.0, hard), now, DT, TRACK, LIMITS)
            fastest = max(fastest, float(np.linalg.norm(state.velocity)))
        assert bool(reasons & Reason.POWER) is slowed
        assert (fastest * 40.0 <= LIMITS.power_w + 1e-6) is slowed
