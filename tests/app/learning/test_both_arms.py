"""Two arms are two single ones side by side: features, actions, commands; one policy sends both; one arm is as before.

The second arm is a second springy board, recorded beside the first: what one arm gives is known, and is the oracle.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest
import torch

from app.core.drive.controller import Start
from app.core.errors import LearningError
from app.core.link.child import ChildLink
from app.core.wire.messages import SCHEMA_VERSION, ArmInfo, SampleHeader, ServerInfo, StreamSpec, TouchInfo
from app.learning import checkpoint
from app.learning.bounds import check_bounds
from app.learning.config import RunConfig
from app.learning.data import features
from app.learning.data.arrays import EpisodeArrays, resample
from app.learning.data.dataset import join
from app.learning.data.targets import action_names, chunk_targets, size_of_arm
from app.learning.layout import Layout, layout_of
from app.learning.policies.build import Policy
from app.learning.run import TrainingRun
from app.learning.runtime.commanding import next_command
from app.learning.runtime.controller import PolicyController
from app.learning.runtime.observer import Observation, leashed
from app.learning.serve import check_rig
from app.learning.settings import ActionFrame, GridConfig, RuntimeConfig
from tests.app.learning.contact import (
    MARKERS,
    SPECS,
    Board,
    Recorded,
    chunk_config,
    demonstrate,
    run_config,
    server_info,
)

PAIR = Layout(("arm", "arm2"), "vision/box")
FRAMES: tuple[ActionFrame, ...] = ("increment", "relative_command", "relative_pose", "absolute")
GRID = GridConfig(chunk=24, history=2)


def of_second(topic: str) -> str:
    device, signal = topic.split("/")
    return f"{device}2/{signal}"


@dataclass
class Pair(Recorded):
    """Two recordings in one, with the first one's estimate as `vision/box`."""

    def spec(self, topic: str) -> StreamSpec:
        device, signal = topic.split("/")
        if device == "vision":
            return replaced(SPECS["vision/stain"], device, signal)
        return replaced(SPECS[f"{device.removesuffix('2')}/{signal}"], device, signal)


def replaced(spec: StreamSpec, device: str, signal: str) -> StreamSpec:
    return msgspec.structs.replace(spec, device=device, signal=signal)


def recordings(seed: int) -> tuple[Pair, Recorded, Recorded]:
    """Return a recording of two arms, and what each of them alone would be."""
    first, second = demonstrate(seed), demonstrate(seed + 50)
    ticks = min(len(each.streams["arm/pose"]) for each in (first, second))
    cut = [{topic: rows[:ticks] for topic, rows in each.streams.items()} for each in (first, second)]
    cut[1]["vision/stain"] = cut[0]["vision/stain"]
    own = {topic: rows for topic, rows in cut[0].items() if topic != "vision/stain"}
    other = {of_second(topic): rows for topic, rows in cut[1].items() if topic != "vision/stain"}
    pair = Pair({**other, **own, "vision/box": cut[0]["vision/stain"]})
    return pair, Recorded(cut[0]), Recorded(cut[1])


def arrays(seed: int, grid: GridConfig = GRID) -> tuple[EpisodeArrays, EpisodeArrays, EpisodeArrays]:
    pair, first, second = (resample(each, grid, "it") for each in recordings(seed))
    return pair, first, second


@pytest.mark.parametrize("actions", ["applied", "commanded"])
def test_an_episode_of_two_arms_is_two_of_one_side_by_side(actions: str) -> None:
    grid = msgspec.convert({**msgspec.to_builtins(GRID), "actions": actions, "fast": 2}, GridConfig)
    pair, first, second = arrays(0, grid)
    assert pair.layout == PAIR
    for name in ("motion", "wrench", "field", "felt_wrench", "felt_field", "command", "applied", "pose"):
        beside = np.concatenate([getattr(first, name), getattr(second, name)], axis=-1)
        assert np.array_equal(getattr(pair, name), beside), name
    both = np.concatenate([first.action[:, :-1], second.action[:, :-1], first.action[:, -1:]], axis=-1)
    assert np.array_equal(pair.action, both)
    assert pair.motion.shape[1] == len(features.motion_names(PAIR))
    assert action_names("increment", PAIR)[6:9] == ("gripper", "arm2 dx", "arm2 dy")


@pytest.mark.parametrize("frame", FRAMES)
def test_the_actions_of_a_chunk_lead_both_arms_along_their_demonstrations(frame: ActionFrame) -> None:
    episode = arrays(1)[0]
    series, size = join([episode]), size_of_arm(frame)
    assert series.layout == PAIR
    chunk = chunk_targets(series, frame, torch.tensor([30]), 12)[0].double().numpy()
    assert chunk.shape == (12, 2 * size + 1)
    rows = {name: getattr(episode, name).astype(float) for name in ("applied", "pose", "stain", "command")}
    began = Observation(
        0, torch.zeros(0), torch.zeros(0), rows["applied"][30], rows["stain"][30], rows["pose"][30]
    )
    command = rows["command"][30]
    for tick, action in enumerate(chunk, 31):
        command = next_command(frame, RuntimeConfig(), command, action, began, began.yaw)
        for own, recorded in zip(
            features.each_arm(command, 8), features.each_arm(rows["command"][tick], 8), strict=True
        ):
            assert own[[0, 1, 2, 7]] == pytest.approx(recorded[[0, 1, 2, 7]], abs=1e-5)
            assert abs(own[3:7] @ recorded[3:7]) == pytest.approx(1.0, abs=1e-6)


def test_each_arm_has_a_leash_of_its_own() -> None:
    applied = np.tile([0.5, 0.0, 0.2, 1.0, 0, 0, 0, 0.04], 2)
    ahead = applied.copy()
    ahead[[0, 9]] += (0.001, 0.1)
    near = leashed(ahead, applied, RuntimeConfig(leash_m=0.015))
    assert near[0] == ahead[0]
    assert near[9] == pytest.approx(0.015)


def trained(folder: Path, policy: str, frame: ActionFrame = "increment") -> tuple[RunConfig, Policy]:
    """Return a run of a few steps on two episodes of two arms, as it is read back."""
    episodes = [arrays(seed)[0] for seed in (2, 3)]
    config = run_config(episodes, 6) if policy == "rdp" else chunk_config(episodes, 4, policy)
    settings = msgspec.structs.replace(config.settings, action_frame=frame)
    both: dict[str, object] = {policy: settings, "streams": PAIR, "markers": 2 * MARKERS}
    link = ChildLink("train")
    folder.mkdir()
    assert TrainingRun(folder, msgspec.structs.replace(config, **both), join(episodes), link).run()
    link.close()
    read = checkpoint.read_config(folder)
    return read, checkpoint.load_policy(folder, read)


def rig(others: bool = True) -> ServerInfo:
    """Return what a rig with both arms, or with the first alone, says of itself."""
    names = recordings(4)[0].topics
    streams = tuple(Pair({}).spec(topic) for topic in names if others or "2/" not in topic)
    markers = (0.0,) * MARKERS * 3
    touches = tuple(
        TouchInfo(name, (), markers, arm) for name, arm in (("finger", "arm"), ("finger2", "arm2"))
    )
    return msgspec.structs.replace(
        server_info(), streams=streams, touches=touches[: 1 + others],
        others=(ArmInfo("arm2", (), {}),) if others else (),
    )  # fmt: skip


def deliver(controller: PolicyController, boards: tuple[Board, Board], but: str = "") -> None:
    """Give a controller the samples of both arms."""
    for board, first in zip(boards, (True, False), strict=True):
        for topic, value in board.samples().items():
            if topic == "vision/stain" and not first:
                continue
            own = "vision/box" if topic == "vision/stain" else topic
            name = own if first else of_second(topic)
            if name in controller.topics and name != but:
                device, signal = name.split("/")
                row = np.ascontiguousarray(value[None], dtype="<f8")
                header = SampleHeader(
                    SCHEMA_VERSION,
                    device,
                    signal,
                    0,
                    1,
                    (board.t_ns,),
                    (board.t_ns,),
                    "raw",
                    "<f8",
                    value.shape,
                )
                controller.receive(header, memoryview(row.tobytes()))


def drive(policy: Policy, ticks: int) -> np.ndarray:
    """Return the commands of both arms over some ticks (ticks, 14)."""
    controller, boards = PolicyController(policy), (Board.draw(7), Board.draw(8))
    controller.begin(Start(0, 7, rig(), {}))
    rows = []
    for _ in range(ticks):
        deliver(controller, boards)
        action = controller.act(boards[0].t_ns)
        assert action.pose is not None
        (other,) = action.others
        assert (other.arm, len(cast(tuple[float, ...], other.pose))) == ("arm2", 7)
        rows.append([*action.pose, *cast(tuple[float, ...], other.pose)])
        boards[0].step(action.pose)
        boards[1].step(np.array(other.pose))
    controller.close()
    return np.array(rows)


@pytest.mark.parametrize(
    ("policy", "frame"), [("flow", "increment"), ("flow", "relative_pose"), ("rdp", "increment")]
)
def test_a_policy_for_two_arms_is_trained_read_back_and_drives_both(
    policy: str, frame: ActionFrame, tmp_path: Path
) -> None:
    config, loaded = trained(tmp_path / "run", policy, frame)
    assert config.layout == PAIR
    check_rig(tmp_path, config, rig())
    path = drive(loaded, 20)
    assert np.ptp(path[:, :3], axis=0).max() > 1e-5
    assert np.ptp(path[:, 7:10], axis=0).max() > 1e-5
    assert np.array_equal(path, drive(loaded, 20)), "a seed repeats"


def test_without_the_second_arm_it_holds_and_says_why(tmp_path: Path) -> None:
    config, loaded = trained(tmp_path / "run", "flow")
    controller, boards = PolicyController(loaded), (Board.draw(7), Board.draw(8))
    controller.begin(Start(0, 7, rig(), {}))
    deliver(controller, boards, but="finger2/wrench")
    action = controller.act(0)
    assert (action.pose, action.others) == (None, ())
    assert controller.state()["waiting_for"] == "finger2/wrench"
    controller.close()
    with pytest.raises(LearningError, match="touch markers"):
        check_rig(tmp_path, config, rig(others=False))


def test_a_run_of_one_arm_says_nothing_of_arms(tmp_path: Path) -> None:
    config = run_config([resample(demonstrate(0), GRID, "it")], 2)
    assert b"streams" not in msgspec.json.encode(config)
    assert config.layout == Layout() == layout_of(SPECS)
    assert layout_of(recordings(0)[0].topics) == PAIR


@pytest.mark.parametrize(
    "arms", [(), ("arm2",), ("arm", "arm"), ("arm", "leg"), ("arm", *(f"arm{n}" for n in range(9)))]
)
def test_a_checkpoint_with_other_arms_is_refused(arms: tuple[str, ...]) -> None:
    config = run_config([resample(demonstrate(0), GRID, "it")], 2)
    with pytest.raises(LearningError, match="its arms"):
        check_bounds(msgspec.structs.replace(config, streams=Layout(arms)), "it")
