"""robosuite environments as rigs: poses, forces, gripper, seeds, pictures. Needs the extra `robosuite`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
import simplejpeg

from app.core.errors import DeviceError, RigError
from app.core.geometry import pose_to_matrix, project, quat_multiply, quat_to_matrix, rotvec_to_quat
from app.core.rig import Rig, load_rig
from devices.interface import Device
from devices.specs import make_device

pytest.importorskip(
    "robosuite", reason="the extra `robosuite` is not installed: `python main.py doctor` says how"
)


def rig(**options: Any) -> Rig:
    base = load_rig("robosuite/lift")
    entry = type(base.device)(driver="robosuite", options={**base.device.options, **options})
    return type(base)(**{**{f: getattr(base, f) for f in base.__struct_fields__}, "device": entry})


@pytest.fixture(scope="module")
def lift() -> Iterator[Any]:
    device = make_device(
        rig(fast_picture=[320, 240], fast_picture_rate=10.0, fast_depth_rate=10.0), lockstep=True
    )
    yield device
    device.close()


def go(device: Device, target: np.ndarray, opening: float, seconds: float) -> list[Any]:
    """Move at 0.2 m/s towards a target; return the samples."""
    here = device.measured().pose
    ticks = round(seconds / device.describe().tick_s)
    samples = []
    for _ in range(ticks):
        gap = target[:3] - here[:3]
        step = gap * min(1.0, 0.2 * device.describe().tick_s / max(float(np.linalg.norm(gap)), 1e-9))
        here = np.concatenate([here[:3] + step, target[3:]])
        samples.append(device.advance(here, opening))
    return samples


def test_it_goes_where_it_is_sent_and_says_where_it_is(lift: Any) -> None:
    lift.reset(3, "")
    home = lift.describe().home
    assert np.linalg.norm(lift.measured().pose[:3] - home[:3]) < 2e-3
    target = home.copy()
    target[:3] += [0.05, -0.08, 0.05]
    target[3:] = quat_multiply(rotvec_to_quat(np.array([0.0, 0.0, 0.3])), home[3:])
    last = go(lift, target, 0.08, 2.5)[-1]
    measured = lift.measured().pose
    assert measured[:3] == pytest.approx(target[:3], abs=2e-3)
    assert abs(measured[3:] @ target[3:]) > np.cos(0.02 / 2)
    by_topic = {sample.topic: sample.data for sample in last}
    assert by_topic["arm/pose"] == pytest.approx(measured)
    assert np.abs(by_topic["arm/twist"]).max() < 0.02
    assert np.linalg.norm(by_topic["arm/wrench"][:3]) < 0.5


def test_a_move_shows_as_its_twist(lift: Any) -> None:
    lift.reset(3, "")
    target = lift.measured().pose + 0.4 * np.eye(7)[1]
    samples = go(lift, target, 0.08, 1.0)
    poses = np.array([next(s.data for s in tick if s.topic == "arm/pose") for tick in samples])
    twist = next(s.data for s in samples[-2] if s.topic == "arm/twist")
    seen = (poses[-1][:3] - poses[-3][:3]) / (2 * lift.describe().tick_s)
    assert twist[:3] == pytest.approx(seen, abs=0.01)
    assert twist[1] > 0.15


def test_pressing_shows_as_the_force_that_the_contacts_sum_up_to(lift: Any) -> None:
    lift.reset(3, "")
    down = lift.describe().home.copy()
    down[:3] += [-0.1, 0.2, -0.225]  # beside the cube, into the table
    go(lift, down, 0.0, 3.0)
    world = lift._world
    model, data = world.model, world._data
    hand = {i for i in range(model.ngeom) if "gripper0" in model.geom(i).name}
    total = np.zeros(3)
    for index in range(data.ncon):
        contact = data.contact[index]
        pair = (contact.geom1 in hand, contact.geom2 in hand)
        if pair[0] == pair[1]:
            continue
        local = np.zeros(6)
        mujoco.mj_contactForce(model, data, index, local)
        force = contact.frame.reshape(3, 3).T @ local[:3]  # on the second shape
        total += force if pair[1] else -force
    assert np.linalg.norm(total) > 5.0
    in_base = quat_to_matrix(lift.measured().pose[3:]) @ lift._recent[-1][:3]
    assert in_base == pytest.approx(total, abs=0.1 * float(np.linalg.norm(total)))
    assert lift._recent[-1][2] < -5.0  # pressing on something gives a negative z in the tool frame


def test_a_person_could_lift_the_cube(lift: Any) -> None:
    lift.reset(5, "")
    world = lift._world
    place = np.linalg.inv(world._frame("body", world._base))
    cube = (place @ np.append(world._data.body("cube_main").xpos, 1.0))[:3]
    over = lift.describe().home.copy()
    over[:3] = cube + np.array([0.0, 0.0, 0.12])
    go(lift, over, 0.08, 2.0)
    assert lift.measured().gripper == pytest.approx(0.08, abs=5e-3)
    assert not lift.task_over()
    over[2] = cube[2]
    go(lift, over, 0.08, 1.5)
    go(lift, over, 0.0, 0.7)
    assert 0.02 < lift.measured().gripper < 0.06  # the cube is between
    over[2] = cube[2] + 0.1
    last = go(lift, over, 0.0, 1.5)[-1]
    assert lift.task_over()
    assert next(s.data for s in last if s.topic == "task/score")[0] == 1.0
    lift.reset(5, "")
    assert not lift.task_over()


def test_a_seed_repeats_exactly_and_another_differs(lift: Any) -> None:
    runs = []
    for seed in (7, 7, 8):
        lift.reset(seed, "")
        cube = lift._world._data.body("cube_main").xpos.copy()
        target = lift.describe().home + 0.05 * np.eye(7)[2]
        runs.append((cube, [s.data for s in go(lift, target, 0.0, 0.3)[-1] if s.topic != "task/score"][:5]))
    assert np.array_equal(runs[0][0], runs[1][0])
    assert all(np.array_equal(a, b) for a, b in zip(runs[0][1], runs[1][1], strict=True))
    assert np.linalg.norm(runs[0][0] - runs[2][0]) > 1e-3
    with pytest.raises(DeviceError, match="cannot be negative"):
        lift.reset(-1, "")
    with pytest.raises(DeviceError, match="robosuite has none"):
        lift.reset(0, "mixed")


def test_the_cube_is_where_the_cameras_say(lift: Any, tmp_path: Path) -> None:
    """The red cube's middle, projected by the published calibration, lies on red pixels in both pictures."""
    lift.reset(5, "")
    world = lift._world
    cube = (
        np.linalg.inv(world._frame("body", world._base)) @ np.append(world._data.body("cube_main").xpos, 1.0)
    )[:3]
    over = lift.describe().home.copy()
    over[:3] = cube + np.array([-0.02, 0.03, 0.2])
    go(lift, over, 0.08, 2.0)
    samples = {sample.topic: sample.data for sample in lift.snapshot()}
    tool = lift.measured().pose
    for info in lift.describe().cameras:
        picture = simplejpeg.decode_jpeg(samples[f"{info.name}/color"]).astype(int)
        assert picture.shape == (240, 320, 3)
        red = (
            (picture[..., 0] > 2 * picture[..., 1])
            & (picture[..., 0] > 2 * picture[..., 2])
            & (picture[..., 0] > 60)
        )
        u, v = project(info, tool, cube[None])[0]
        rows, columns = np.nonzero(red)
        assert len(rows) > 20, info.name
        assert np.hypot(columns.mean() + 0.5 - u, rows.mean() + 0.5 - v) < 8.0, info.name
    wrist = next(info for info in lift.describe().cameras if info.name == "wrist")
    assert wrist.mount == "tool"
    place = pose_to_matrix(tool) @ np.asarray(wrist.pose).reshape(4, 4)
    assert place[2, 3] > cube[2] + 0.1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"env": "Lyft"}, "no 'Lyft'. Valid: .*Lift"),
        ({"robot": "Pandora"}, "no 'Pandora'. Valid: .*Panda"),
        ({"env": "TwoArmLift"}, "TwoArmLift with Panda: it cannot be built"),
        ({"robot": "Baxter"}, "more than one arm|cannot be built"),
        ({"scene": "roof"}, "no camera 'roof'. Valid: .*agentview"),
        ({"enviroment": "Lift"}, "Valid: .*env"),
        ({"settings": {"seed": 3}}, "seed cannot be set"),
    ],
)
def test_a_wrong_rig_file_says_what_is_valid(options: dict[str, Any], words: str) -> None:
    with pytest.raises(RigError, match=words):
        make_device(rig(**options), lockstep=True)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("env", "robot"),
    [("Door", "Panda"), ("Wipe", "Panda"), ("Stack", "UR5e"), ("NutAssemblySquare", "Sawyer"),
     ("PickPlaceCan", "Panda"),
     ("Lift", "Kinova3"), ("Lift", "Jaco"), ("ToolHang", "Panda")],
)  # fmt: skip
def test_other_tasks_and_robots_move_and_are_seen(env: str, robot: str) -> None:
    device = make_device(rig(env=env, robot=robot), lockstep=True)
    try:
        target = device.describe().home.copy()
        target[:3] += [-0.03, 0.03, 0.03]
        go(device, target, 0.04, 2.0)
        assert device.measured().pose[:3] == pytest.approx(target[:3], abs=5e-3)
        assert {"scene/color", "wrist/color"} <= {sample.topic for sample in device.snapshot()}
    finally:
        device.close()
