"""The device server as its clients meet it: a real child process, real sockets, the real simulator."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import pytest

from app.core.errors import DeviceError, ProcessError, RigError
from app.core.link.hub import Hub
from app.core.rig import load_rig
from app.core.safety.reasons import Reason
from app.core.wire.client import KIND_SETPOINT, DeviceClient, Endpoints
from app.core.wire.codec import decode_array
from app.core.wire.messages import SCHEMA_VERSION, SOURCES, Enable, SetPoint
from tests.devices.served import Served

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def lockstep() -> Iterator[Endpoints]:
    with Served("--fast") as endpoints:
        yield endpoints


@pytest.fixture(scope="module")
def realtime() -> Iterator[Endpoints]:
    with Served() as endpoints:
        yield endpoints


class Pilot:
    """A hand-written lock-step driver that keeps all that it hears."""

    def __init__(self, client: DeviceClient) -> None:
        self.client, self.period, self.seq = client, -1, 0
        self.rows: dict[str, list[np.ndarray]] = {}
        self.t_ns = 0
        client.subscribe()

    def take_lease(self) -> None:
        self.client.call("lease", holder="pilot", source="operator")
        self.client.call("publish")
        self.hear()

    def hear(self, timeout_ms: int = 5000) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        while time.monotonic() < deadline:
            for topic, header, buffer in self.client.receive(20):
                if header.encoding == "raw":
                    self.rows.setdefault(topic.decode(), []).extend(np.array(decode_array(header, buffer)))
                if topic == b"bench/tick":
                    self.period, _, _, self.t_ns = (int(x) for x in decode_array(header, buffer)[-1])
                    return True
        return False

    def step(self, pose: np.ndarray | None, gripper: float = 0.04) -> bool:
        self.seq += 1
        self.client.send_enable(Enable(SCHEMA_VERSION, "pilot", self.t_ns, 1, headless=True))
        row = None if pose is None else tuple(float(x) for x in pose)
        point = SetPoint(
            SCHEMA_VERSION, "pilot", "operator", self.seq, self.t_ns, 0, 1, self.period, row, gripper
        )  # fmt: skip
        self.client.send_setpoint(point)
        return self.hear()


@pytest.fixture
def pilot(lockstep: Endpoints) -> Iterator[Pilot]:
    with DeviceClient(lockstep) as client:
        client.call("reset", seed=3, condition="nominal")
        pilot = Pilot(client)
        pilot.take_lease()
        yield pilot
        client.call("release", holder="pilot")


def fly(pilot: Pilot, periods: int) -> dict[str, np.ndarray]:
    pilot.client.call("reset", seed=5, condition="mixed")
    pilot.client.call("release", holder="pilot")
    pilot.client.call("lease", holder="pilot", source="operator")
    pilot.client.call("publish")
    pilot.hear()
    pilot.rows.clear()
    pose = np.array(pilot.client.describe().home)
    for _ in range(periods):
        pose[2] -= 0.003
        assert pilot.step(pose)
    return {topic: np.stack(rows) for topic, rows in pilot.rows.items()}


def test_a_seed_repeats_exactly_in_lockstep(pilot: Pilot) -> None:
    first, second = fly(pilot, 60), fly(pilot, 60)
    assert first.keys() == second.keys()
    for topic in first.keys() - {"bench/tick"}:
        assert np.array_equal(first[topic], second[topic]), topic
    assert np.abs(first["finger/wrench"][:, 2]).max() > 2.0  # it did touch the board
    assert len(first["arm/pose"]) == 60 * 5


def test_no_setpoint_no_time(pilot: Pilot) -> None:
    before = pilot.client.call("status")["t_ns"]
    assert not pilot.hear(150)
    assert pilot.client.call("status")["t_ns"] == before
    assert pilot.step(None)  # the explicit "none" is a set-point
    assert pilot.client.call("status")["t_ns"] == before + 20_000_000


def test_time_waits_for_a_recorder_without_credit(pilot: Pilot) -> None:
    pilot.client.call("credits_on", holder="recorder", count=1)
    assert pilot.step(None)
    pilot.seq += 1
    pilot.client.send_setpoint(
        SetPoint(SCHEMA_VERSION, "pilot", "operator", pilot.seq, pilot.t_ns, 0, 1, pilot.period, None, 0.04)
    )
    assert not pilot.hear(150)
    pilot.client.call("credit", holder="recorder", count=1)
    assert pilot.hear()
    pilot.client.call("credits_off", holder="recorder")


def test_nan_is_refused_recorded_and_moves_nothing(pilot: Pilot) -> None:
    home = np.array(pilot.client.describe().home)
    assert pilot.step(home)
    pilot.rows.clear()
    broken = home.copy()
    broken[1] = math.nan
    assert pilot.step(broken)
    reasons = np.concatenate(pilot.rows["arm/reasons"])
    assert reasons[0] & Reason.NOT_FINITE
    assert np.isfinite(np.stack(pilot.rows["arm/applied"])).all()
    assert "arm/commanded" not in pilot.rows


def test_garbage_on_the_command_socket_harms_nobody(pilot: Pilot) -> None:
    for junk in (b"", b"\xff" * 40, b"\x9a"):
        pilot.client.commands.send_multipart([KIND_SETPOINT, junk])
        pilot.client.commands.send_multipart([b"?", junk])
        pilot.client.commands.send_multipart([junk])
    assert pilot.step(None)


def test_an_unknown_command_and_wrong_arguments_are_answered_with_the_way_out(pilot: Pilot) -> None:
    with pytest.raises(DeviceError, match=r"'dance'.*unknown.*Valid: .*describe.*reset.*tare"):
        pilot.client.call("dance")
    with pytest.raises(DeviceError, match="wrong arguments"):
        pilot.client.call("reset", colour="red")
    with pytest.raises(DeviceError, match=r"'sideways'.*Valid: nominal, before, after, mixed"):
        pilot.client.call("reset", seed=0, condition="sideways")
    with pytest.raises(DeviceError, match="'pilot' holds it"):
        pilot.client.call("lease", holder="thief", source="policy")


def test_a_software_stop_ends_motion_until_a_new_press(pilot: Pilot) -> None:
    pose = np.array(pilot.client.describe().home)
    for _ in range(5):
        pose[2] -= 0.003
        pilot.step(pose)
    pilot.client.call("stop", reason="test")
    for _ in range(5):
        pilot.step(pose)
    pilot.rows.clear()
    pose[2] -= 0.02
    for _ in range(10):
        pilot.step(pose)
    applied = np.stack(pilot.rows["arm/applied"])
    assert np.ptp(applied[:, 2]) < 1e-9
    assert np.all(np.concatenate(pilot.rows["arm/reasons"]) & Reason.REARM)


def test_real_time_streams_come_at_their_rates_with_true_stamps(realtime: Endpoints) -> None:
    with DeviceClient(realtime) as client:
        client.subscribe()
        rates = {spec.topic: spec.rate_hz for spec in client.describe().streams}
        counts: dict[str, int] = {}
        stamps: dict[str, list[int]] = {}
        begun = None
        while begun is None or time.monotonic_ns() - begun < 2_000_000_000:
            for topic, header, _ in client.receive(100):
                begun = begun or time.monotonic_ns()
                name = topic.decode()
                counts[name] = counts.get(name, 0) + header.count
                stamps.setdefault(name, []).extend(header.t_ns)
                assert all(t <= time.monotonic_ns() for t in header.t_ns)
    for name in ("arm/pose", "finger/wrench", "finger/field", "vision/stain", "scene/color", "bench/tick"):
        assert counts[name] > 0.4 * 2.0 * rates[name], name
        assert np.all(np.diff(np.array(stamps[name])) >= 0), name


def test_in_real_time_a_silent_driver_stops_and_its_source_is_told(realtime: Endpoints) -> None:
    with DeviceClient(realtime) as client:
        client.subscribe(("arm/applied", "arm/source", "arm/reasons"))
        client.call("reset", seed=1, condition="nominal")
        client.call("lease", holder="hand", source="operator")
        target = np.array(client.describe().home)
        target[2] -= 0.04
        for seq in range(10):
            now = time.monotonic_ns()
            client.send_setpoint(
                SetPoint(
                    SCHEMA_VERSION, "hand", "operator", seq, now, now, 1, -1, tuple(map(float, target)), 0.04
                )
            )
            list(client.receive(20))
        last = time.monotonic_ns()
        moved: list[int] = []
        heights: list[float] = []
        source: set[str] = set()
        while time.monotonic_ns() - last < 600_000_000:
            for topic, header, buffer in client.receive(50):
                rows = decode_array(header, buffer)
                if topic == b"arm/applied":
                    for t, row in zip(header.t_ns, rows, strict=True):
                        if heights and abs(row[2] - heights[-1]) > 1e-9:
                            moved.append(t)
                        heights.append(float(row[2]))
                elif topic == b"arm/source":
                    source.update(SOURCES[int(row[0])] for row in rows)
        client.call("release", holder="hand")
    assert "operator" in source
    assert (
        max(moved) - last < 200_000_000
    )  # 60 ms expiry, 31 ms ramp, one period, and this machine's own lateness
    assert heights[-1] == heights[-5]


def test_a_port_in_use_is_named(realtime: Endpoints) -> None:
    with Hub() as hub:
        child = hub.start("device", "--rig", "sim/wipe", "--bind", realtime.commands)
        with pytest.raises(ProcessError, match="another program uses it"):
            hub.wait_ready(child, 60.0)


def test_a_rig_with_an_unknown_device_lists_the_known_ones() -> None:
    from devices.specs import make_device

    rig = load_rig("sim/wipe")
    entry = type(rig.device)(driver="acme/arm")
    broken = type(rig)(**{**{f: getattr(rig, f) for f in rig.__struct_fields__}, "device": entry})
    with pytest.raises(RigError, match=r"'acme/arm' is unknown. Valid: .*simulated/panda"):
        make_device(broken, lockstep=True)
    with pytest.raises(RigError, match=r"no such rig. Valid: .*sim/wipe"):
        load_rig("sim/wype")


def test_after_a_reset_no_picture_of_before_bends_the_stamps(realtime: Endpoints) -> None:
    with DeviceClient(realtime) as client:
        client.subscribe()
        for seed in range(6):
            newest: dict[str, int] = {}
            client.call("reset", seed=seed, condition="nominal")
            since = time.monotonic_ns()
            while time.monotonic_ns() - since < 250_000_000:
                for topic, header, _ in client.receive(20):
                    name = topic.decode()
                    assert header.t_ns[0] > newest.get(name, 0) - 1, f"{name} went back in time"
                    newest[name] = header.t_ns[-1]
