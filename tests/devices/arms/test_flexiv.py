"""The Flexiv driver against a stand-in for its library, and that stand-in against the library where there is one."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest

from app.core.errors import DeviceError
from devices.arms.fed import FedArm
from devices.arms.flexiv import make_flexiv
from devices.arms.options import Flexiv
from devices.parts.specs import PARTS, make_part
from tests.devices.arms import flexiv_stand_in
from tests.devices.arms.flexiv_stand_in import SIGNATURES, STATES, OperationalStatus, Robot
from tests.hygiene import wait_until

REAL = find_spec("flexivrdk") is not None


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flexivrdk", flexiv_stand_in)


@pytest.fixture
def arm(library: None) -> Iterator[FedArm]:
    arm = make_flexiv("arm", Flexiv(serial="Rizon4-123456", control=True))
    yield arm
    arm.close()


def ended(arm: FedArm, pose: np.ndarray, words: str) -> None:
    said: list[str] = []

    def told() -> bool:
        arm.command(pose, 0.0)
        said.extend(notice.text for notice in arm.notices())
        return any("does not move any more" in text for text in said)

    wait_until(told, 10.0, "the end of motion")
    assert any(words in text for text in said), said


def test_it_is_measured_follows_and_stops_with_us(arm: FedArm) -> None:
    robot = Robot.newest
    robot.force = [0.0, 0.0, -6.0, 0.0, 0.0, 0.0]
    wait_until(lambda: arm.force_n() == pytest.approx(6.0), 10.0, "the force")
    target = arm.state().pose + 0.02 * np.eye(7)[2]
    arm.command(target, 0.0)
    wait_until(lambda: robot.targets == [target.tolist()], 10.0, "the target")
    wait_until(lambda: arm.state().pose[2] == pytest.approx(0.42), 10.0, "its pose")
    arm.close()
    assert robot.stopped.is_set()


def test_what_ends_motion(arm: FedArm) -> None:
    robot = Robot.newest
    here = arm.state().pose
    robot.status = OperationalStatus.CRITICAL_FAULT
    ended(arm, here, "critical fault")
    robot.status = OperationalStatus.READY
    arm.command(here, 0.0)
    assert len(robot.targets) < 2


def test_a_refusal_and_a_target_too_far_end_motion(library: None) -> None:
    for words, prepare in (("not in the correct mode", True), ("0.200 m away", False)):
        arm = make_flexiv("arm", Flexiv(serial="Rizon4-123456", control=True))
        try:
            here = arm.state().pose
            if prepare:
                Robot.newest.refuse = "robot is not in the correct mode"
            ended(arm, here if prepare else here + 0.2 * np.eye(7)[0], words)
        finally:
            arm.close()


def test_a_frozen_state_is_no_number_and_a_lost_connection_is_made_anew(arm: FedArm) -> None:
    first = Robot.newest
    first.frozen = True
    wait_until(lambda: math.isnan(arm.state().pose[0]), 10.0, "an old pose")
    first.lost = True
    wait_until(lambda: Robot.newest is not first, 10.0, "the new connection")
    wait_until(lambda: not math.isnan(arm.state().pose[0]), 10.0, "a fresh pose")
    arm.command(arm.state().pose, 0.0)
    assert Robot.newest.targets == []


def test_what_cannot_start_says_why(library: None) -> None:
    with pytest.raises(DeviceError, match=r"Failed to connect.*remote mode"):
        make_flexiv("arm", Flexiv(serial="Horizon-1"))


@pytest.mark.skipif(sys.version_info >= (3, 12) or REAL, reason="this Python has a package of the library")
def test_without_a_package_for_this_python_that_is_told() -> None:
    spec = next(item for item in PARTS if item.id == "arm/flexiv")
    assert not spec.installable()
    with pytest.raises(DeviceError, match=r"flexivrdk.*no package for Python 3\.11.*Python 3\.12"):
        make_part("arm/flexiv", "arm", {"serial": "Rizon4-123456"})


@pytest.mark.skipif(not REAL, reason="flexivrdk is not installed: it has no package for Python 3.11")
def test_the_stand_in_has_the_librarys_calls() -> None:
    library: ModuleType = __import__("flexivrdk")
    for name, parameters in SIGNATURES.items():
        about = getattr(library.Robot, name).__doc__ or ""
        assert all(f"{parameter}:" in about for parameter in parameters), name
    assert all(hasattr(library.RobotStates, name) for name in STATES)
    assert hasattr(library.Mode, "NRT_CARTESIAN_MOTION_FORCE")
