"""A Universal Robots arm against a controller on real sockets: measuring, following, and all that ends motion."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import DeviceError
from devices.arms.fed import FedArm
from devices.arms.options import Ur
from devices.arms.rtde import Kind, pack, pack_values, split, unpack_values
from devices.arms.ur import make_ur
from devices.arms.urscript import program
from tests.devices.contract.ur_double import Controller, ur_controller
from tests.hygiene import wait_until

DOWN = np.array([0.0, 1.0, 0.0, 0.0])  # rotation vector (π, 0, 0)


@contextmanager
def arm_on(control: bool = True) -> Iterator[tuple[FedArm, Controller, list[str]]]:
    with ur_controller() as (options, controller):
        arm = make_ur("arm", msgspec.convert({**options, "control": control}, Ur))
        try:
            yield arm, controller, []
        finally:
            arm.close()


def pose_of(arm: FedArm) -> np.ndarray:
    """Return a measured pose that is fresh, also on a busy machine."""
    wait_until(lambda: bool(np.isfinite(arm.state().pose).all()), 10.0, "a fresh pose")
    state = arm._source.newest
    assert state is not None
    return state.pose.copy()


def heard(arm: FedArm, said: list[str], words: str) -> bool:
    said.extend(notice.text for notice in arm.notices())
    return any(words in text for text in said)


def test_what_is_measured() -> None:
    with arm_on(control=False) as (arm, controller, _):
        controller.force = np.array([0.0, 0.0, 7.0, 0.0, 0.5, 0.0])
        wait_until(lambda: (arm.force_n() or 0.0) > 6.5, 10.0, "the force")
        state = arm.state()
        assert state.pose[:3] == pytest.approx([0.4, 0.1, 0.3])
        assert np.abs(state.pose[3:] @ DOWN) == pytest.approx(1.0)
        assert state.joints[:3] == pytest.approx([0.1, -1.2, 1.3])
        wrench = np.asarray(arm.latest()[0].data)
        assert wrench == pytest.approx([0.0, 0.0, -7.0, 0.0, -0.5, 0.0], abs=0.05)  # the tool looks down
        came = 0

        def enough() -> bool:
            nonlocal came
            came += len(arm.collect())
            return came > 20

        wait_until(enough, 10.0, "more than a tenth of a second of wrenches")
        arm.tare()
        wait_until(lambda: (arm.force_n() or 9.0) < 0.2, 10.0, "the zero")


def test_it_follows_targets_and_stops_with_us() -> None:
    with arm_on() as (arm, controller, _):
        target = pose_of(arm)

        def there() -> bool:
            target[0] = min(target[0] + 0.002, 0.45)
            arm.command(target, 0.0)
            return abs(controller.pose[0] - 0.45) < 1e-3

        wait_until(there, 10.0, "the target")
        assert controller.pose[3:] == pytest.approx([np.pi, 0, 0], abs=1e-6)
        assert "servoj" in controller.program
        arm.close()
        wait_until(lambda: not controller.running, 10.0, "the end of its program")
        assert controller.registers["input_int_register_25"] == 0


def test_only_measured_it_says_so_and_starts_no_program() -> None:
    with arm_on(control=False) as (arm, controller, said):
        arm.command(pose_of(arm) + 0.01 * np.eye(7)[0], 0.0)
        assert heard(arm, said, "`control = true`")
        assert controller.program == ""


@pytest.mark.parametrize(
    ("mode", "words"), [(3, "protective stop"), (5, "safeguard stop"), (99, "safety mode 99")]
)
def test_a_stop_ends_motion_until_the_server_starts_anew(mode: int, words: str) -> None:
    with arm_on() as (arm, controller, said):
        here = pose_of(arm)

        def stopped() -> bool:
            arm.command(here, 0.0)
            return heard(arm, said, words)

        controller.safety = mode
        wait_until(stopped, 10.0, "the stop")
        assert any("start the device server again" in text for text in said)
        controller.safety = 1
        before = controller.registers["input_int_register_24"]
        wait_until(lambda: len(arm.collect()) > 0, 10.0, "new measurements")
        arm.command(here, 0.0)
        arm.command(here, 0.0)
        assert controller.registers["input_int_register_24"] == before
        assert not controller.running


def test_a_target_that_is_no_number_ends_motion_and_is_not_sent() -> None:
    with arm_on() as (arm, controller, said):
        arm.command(np.full(7, math.nan), 0.0)
        wait_until(lambda: heard(arm, said, "a target was no number"), 10.0, "the refusal")
        assert all(math.isfinite(value) for value in controller.registers.values())


def test_nobody_who_commands_lets_the_watchdog_end_the_program() -> None:
    with arm_on() as (arm, controller, said):
        wait_until(lambda: not controller.running, 10.0, "the watchdog")
        wait_until(lambda: arm._source.hindrance() == "its program has ended", 10.0, "its word")
        arm.command(pose_of(arm), 0.0)
        assert heard(arm, said, "its program has ended")


def test_a_silent_controller_makes_pose_and_force_no_number() -> None:
    with arm_on(control=False) as (arm, controller, said):
        controller.silent.set()
        wait_until(lambda: math.isnan(arm.state().pose[0]), 10.0, "an old pose")
        assert math.isnan(arm.force_n() or 0.0)
        wait_until(lambda: heard(arm, said, "nothing came for"), 10.0, "the stall")
        controller.silent.clear()
        wait_until(lambda: not math.isnan(arm.state().pose[0]), 10.0, "a fresh pose")


def test_a_lost_connection_is_told_measured_again_and_moves_no_more() -> None:
    with arm_on() as (arm, controller, said):
        here = pose_of(arm)
        controller.hang_up.set()

        def lost() -> bool:
            arm.command(here, 0.0)
            return heard(arm, said, "does not move any more")

        wait_until(lost, 10.0, "the loss")
        controller.hang_up.clear()
        wait_until(lambda: heard(arm, said, "connected again"), 10.0, "the new connection")
        wait_until(lambda: not math.isnan(arm.state().pose[0]), 10.0, "a fresh pose")
        arm.command(here, 0.0)
        assert not controller.running


def test_what_cannot_start_says_why() -> None:
    with pytest.raises(DeviceError, match=r"cannot be reached.*Switch the controller on"):
        make_ur("arm", Ur(host="127.0.0.1"))
    with ur_controller() as (options, controller):
        controller.safety = 3
        with pytest.raises(DeviceError, match=r"protective stop.*pendant"):
            make_ur("arm", Ur(host=options["host"], control=True))
        controller.safety, controller.refuse_program = 1, True
        with pytest.raises(DeviceError, match=r"did not start the program.*remote control"):
            make_ur("arm", Ur(host=options["host"], control=True))


def test_the_program_is_guarded_three_times() -> None:
    text = program(0.008, 0.1, 300.0, 0.1)
    assert 'rtde_set_watchdog("input_int_register_24", 10, "stop")' in text
    assert "point_dist(target, get_actual_tcp_pose()) < 0.1" in text
    assert "read_input_integer_register(25) == 1" in text
    opened = sum(line.strip().startswith(("def ", "while ", "if ")) for line in text.splitlines())
    assert opened == sum(line.strip() == "end" for line in text.splitlines())
    assert text.isascii()


def test_bytes_of_the_protocol() -> None:
    assert pack(Kind.VERSION, b"\x00\x02") == bytes.fromhex("0005560002")
    assert pack_values(("INT32", "DOUBLE"), (-1, 1.0)) == bytes.fromhex("ffffffff3ff0000000000000")
    values = unpack_values(("INT32", "VECTOR3D"), struct.pack("!i3d", 7, 1.0, 2.0, 3.0))
    assert values == [(7,), (1.0, 2.0, 3.0)]
    with pytest.raises(ValueError, match="2 bytes"):
        split(bytearray(b"\x00\x02V"))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=6), st.lists(st.integers(1, 9), max_size=30))
def test_messages_come_out_whole_however_they_are_cut(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pack(Kind.DATA, payload) for payload in payloads)
    buffer, found = bytearray(), []
    while stream:
        size = cuts.pop() if cuts else 10
        buffer += stream[:size]
        stream = stream[size:]
        found += split(buffer)
    assert found == [(Kind.DATA, payload) for payload in payloads]
    assert not buffer
