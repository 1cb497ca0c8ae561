"""A rig file of parts, served by the real device server over real sockets; and what a wrong rig file is told."""

from __future__ import annotations

import json
import math
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg

from app.core.errors import DeviceError, RigError
from app.core.link.hub import Hub
from app.core.rig import load_rig
from app.core.wire.client import DeviceClient, Endpoints
from devices.specs import make_device
from tests.devices.contract.netft_double import netft_box
from tests.devices.contract.ur_double import ur_controller
from tests.devices.contract.videos import number_of, numbered, write_video
from tests.hygiene import wait_until

LIMITS = (
    (Path(__file__).resolve().parents[3] / "resources/rigs/sim/wipe.toml")
    .read_text()
    .partition("[limits]")[2]
)
HEAD = """
name = "bench/hand"
title = "Sensors on a table"
simulated = false
task = "free"
instruction = "Touch things."
period_ms = 20.0
[device]
driver = "composed"
"""


def rig_file(folder: Path, options: str) -> str:
    path = folder / "rig.toml"
    path.write_text(f"{HEAD}\n{options}\n[limits]\n{LIMITS}")
    return str(path)


def part(name: str, driver: str, **options: Any) -> str:
    lines = [f'name = "{name}"', f'driver = "{driver}"']
    lines += [f"options.{key} = {json.dumps(value)}" for key, value in options.items()]
    return "\n".join(["[[device.options.parts]]", *lines, ""])


def camera(folder: Path, name: str = "scene") -> str:
    path = write_video(folder / f"{name}.avi", [numbered(n) for n in range(100)], 50.0)
    return part(name, "camera/file", path=str(path), intrinsics=[200.0, 200.0, 80.0, 60.0])


ARM = part("arm", "arm/none", pose=[0.5, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0])


@pytest.mark.process
def test_it_is_served_like_any_device(tmp_path: Path) -> None:
    rig = rig_file(tmp_path, ARM + camera(tmp_path))
    done = threading.Event()
    with Hub() as hub:
        child = hub.start("device", "--rig", rig)
        connect = str(hub.wait_ready(child, 60.0)["connect"])
        beats = threading.Thread(target=lambda: [hub.poll(20) for _ in iter(done.is_set, True)])
        beats.start()
        try:
            with DeviceClient(Endpoints.parse(connect)) as client:
                look(client)
        finally:
            done.set()
            beats.join()


def look(client: DeviceClient) -> None:
    info = client.describe()
    assert not info.simulated
    assert [one.name for one in info.cameras] == ["scene"]
    assert info.home[:3] == (0.5, 0.0, 0.3)
    client.subscribe(("scene/", "arm/pose"))
    client.call("reset", seed=0, condition="")
    with pytest.raises(DeviceError, match="a real rig has none"):
        client.call("reset", seed=0, condition="mixed")
    seen: list[int] = []
    poses = 0
    deadline = time.monotonic() + 20.0
    while (len(seen) < 10 or poses < 50) and time.monotonic() < deadline:
        for topic, header, buffer in client.receive(100):
            assert all(t <= time.monotonic_ns() for t in header.t_ns)
            if topic == b"scene/color":
                seen.append(number_of(simplejpeg.decode_jpeg(bytes(buffer))))
            else:
                poses += header.count
    steps = np.diff(seen) % 100
    assert len(seen) >= 10
    assert poses >= 50
    assert (steps >= 1).all()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ("parts = []", "0 arms where one is needed. Valid: .*arm/none"),
        (ARM + part("arm2", "arm/none"), "2 arms where one"),
        (ARM + part("scene", "camera/nothing"), "'camera/nothing' is unknown. Valid: .*camera/file"),
        (ARM + part("scene", "camera/file"), "options are wrong: .*path"),
        (ARM + part("arm", "arm/none"), "the same name"),
        ('reflex = "arm"\n' + ARM, "measures no force"),
        ("home = [1.0]\n" + ARM, "no pose of 7 numbers"),
        ("homes = [1.0]\n" + ARM, "unknown field `homes`"),
    ],
)
def test_a_wrong_rig_file_says_what_is_wrong(tmp_path: Path, parts: str, words: str) -> None:
    options = f"[device.options]\n{parts}" if not parts.startswith("[[") else parts
    rig = load_rig(rig_file(tmp_path, options))
    with pytest.raises(RigError, match=words):
        make_device(rig, lockstep=False)


def test_lockstep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="no lock-step"):
        make_device(load_rig(rig_file(tmp_path, ARM)), lockstep=True)


def test_if_a_part_fails_the_others_are_closed(tmp_path: Path) -> None:
    rig = load_rig(
        rig_file(tmp_path, ARM + camera(tmp_path) + part("wrist", "camera/file", path="/none.avi"))
    )
    with pytest.raises(DeviceError, match=r"/none.avi is missing"):
        make_device(rig, lockstep=False)  # the hygiene of every test finds a thread that is left


def test_targets_to_a_rig_without_arm_are_told(tmp_path: Path) -> None:
    device = make_device(load_rig(rig_file(tmp_path, ARM)), lockstep=False)
    try:
        measured = device.measured()
        device.advance(measured.pose, 0.0)
        assert device.notices() == []
        device.advance(measured.pose + np.array([0.1, 0, 0, 0, 0, 0, 0]), 0.0)
        assert [notice.text for notice in device.notices()] == ["This rig has no arm: targets move nothing."]
        assert np.array_equal(device.measured().pose, measured.pose)
    finally:
        device.close()


def test_a_force_or_pose_that_is_too_old_is_no_number_for_the_governor(tmp_path: Path) -> None:
    with ur_controller() as (arm, controller), netft_box() as (sensor, box):
        parts = part("arm", "arm/ur", **arm) + part("finger", "touch/ati-netft", **sensor)
        device = make_device(
            load_rig(rig_file(tmp_path, '[device.options]\nreflex = "finger"\n' + parts)), False
        )
        try:
            wait_until(lambda: device.measured().force_n < 1.0, 10.0, "a force near zero")
            assert {"arm/wrench", "finger/wrench", "arm/joints"} <= {
                spec.topic for spec in device.describe().streams
            }
            box.silent.set()
            wait_until(lambda: math.isnan(device.measured().force_n), 10.0, "an old force")
            box.silent.clear()
            wait_until(lambda: device.measured().force_n < 1.0, 10.0, "a fresh force")
            controller.silent.set()
            wait_until(lambda: math.isnan(device.measured().pose[0]), 10.0, "an old pose")
            with pytest.raises(DeviceError, match="pose is not known"):
                device.reset(0, "")
        finally:
            device.close()
