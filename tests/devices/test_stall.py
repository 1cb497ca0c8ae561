"""A device server that stood still for a while is at rest at once when it comes back."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

from app.core.safety import governor
from app.core.safety.governor import Measured
from app.core.safety.reasons import Reason
from tests.devices.served import Served
from tests.faults import live
from tests.faults.trials import HOME, Arm, with_state

STALL_S = 0.2


@pytest.mark.process
def test_a_server_that_was_stopped_for_200_ms_comes_back_at_rest() -> None:
    served = Served()
    with served as endpoints:
        observer = live.Observer(endpoints)
        sender = live.Sender(endpoints)
        try:
            sender.client.call("lease", holder=sender.holder, source="operator")
            sender.drive(live.goal_of(observer, 0), 0.3, observer)
            moving = observer.rows[-1][1]
            os.kill(served.pid, signal.SIGSTOP)
            observer.watch(STALL_S)
            stopped_ns = time.monotonic_ns()
            os.kill(served.pid, signal.SIGCONT)
            sender.drive(live.goal_of(observer, 0), 0.3, observer)  # the same press: moves nothing
            after = np.array([row[:7] for t, row in observer.rows if t > stopped_ns])
            sender.client.call("release", holder=sender.holder)
        finally:
            sender.close()
            observer.close()
    assert observer.moved_m(0) > 0.005
    assert len(after) > 20
    assert np.ptp(after, axis=0).max() == 0.0
    assert np.linalg.norm(after[0, :3] - moving[:3]) < 0.02


def test_rest_keeps_the_lease_spends_the_press_and_stands_where_the_arm_is() -> None:
    arm = Arm()
    arm.take(arm.point(HOME + np.array([0.05, 0, 0, 0, 0, 0, 0])))
    arm.tick(5)
    assert arm.moving
    place = HOME + np.array([0.003, 0, 0, 0, 0, 0, 0])
    state = governor.rest(arm.state, Measured(place, 0.04, 0.0))
    assert state.holder == "me"
    assert state.spent_press == arm.press
    assert state.latched & Reason.EXPIRED
    arm = with_state(arm, **{name: getattr(state, name) for name in vars(state)})
    assert not arm.moving
    assert np.allclose(arm.state.position, place[:3])
    arm.take(arm.point(HOME))
    arm.tick(10)
    assert np.allclose(arm.state.position, place[:3])
    arm.press += 1
    arm.take(arm.point(HOME))
    arm.tick(3)
    assert arm.moving


def test_rest_without_a_measured_pose_stays_where_the_target_was() -> None:
    arm = Arm()
    state = governor.rest(arm.state, Measured(np.full(7, np.nan), 0.04, 0.0))
    assert np.array_equal(state.position, arm.state.position)
