"""Action frames: targets and commands are each other's inverse, in the windows, in the loop and in a trained net."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.geometry import quat_to_matrix
from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.chance import generator_for
from app.learning.config import RdpConfig, RunConfig, RuntimeConfig, StreamingConfig
from app.learning.data import rotations
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.dataset import Windows, join
from app.learning.data.targets import POSE_ACTION, action_names, chunk_targets, to_commands, to_targets
from app.learning.fields import fields_of, with_changes
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.policies.rdp.sensitivity import touch_response, touch_share
from app.learning.run import TrainingRun
from app.learning.runtime.commanding import next_command
from app.learning.runtime.controller import PolicyController
from app.learning.runtime.observer import Observation
from app.learning.settings import ActionFrame
from tests.app.learning.contact import arrays_of, chunk_config, drive, run_config

FRAMES: tuple[ActionFrame, ...] = get_args(ActionFrame)
POSES = FRAMES[1:]
FREE = RuntimeConfig(max_step_m=1.0, max_turn_rad=4.0)

numbers = st.floats(-1.0, 1.0)
turns = st.lists(numbers, min_size=4, max_size=4).map(np.array).filter(lambda q: np.linalg.norm(q) > 0.1)
poses = st.tuples(st.lists(numbers, min_size=3, max_size=3), turns).map(
    lambda parts: np.concatenate([parts[0], parts[1] / np.linalg.norm(parts[1])])
)


def same_rotation(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(np.abs(np.sum(a * b, axis=-1)), 1.0, atol=1e-9))


@settings(max_examples=40)
@given(st.sampled_from(POSES), poses, poses, st.lists(numbers, min_size=4, max_size=4), st.floats(0.0, 0.1))
def test_a_target_is_the_command_it_was_made_of(
    frame: ActionFrame, pose: np.ndarray, seen_from: np.ndarray, stain: list[float], gripper: float
) -> None:
    command, where = np.concatenate([pose, [gripper]]), np.array(stain) * [1.0, 1.0, 1.0, 3.1]
    target = to_targets(frame, command, seen_from, where)
    back = to_commands(frame, target, seen_from, where)
    assert target.shape == (len(POSE_ACTION) - 1,)
    assert np.allclose(back[:3], command[:3], atol=1e-12)
    assert same_rotation(back[3:7], command[3:7])
    assert back[7] == command[7]


@settings(max_examples=40)
@given(turns, st.floats(0.1, 5.0), st.floats(-2.0, 2.0))
def test_six_numbers_need_not_be_orthonormal(turn: np.ndarray, long: float, skew: float) -> None:
    turn = turn / np.linalg.norm(turn)
    six = rotations.six_numbers(turn)
    assert same_rotation(rotations.from_six_numbers(six), turn)
    first, second = six[:3], six[3:]
    bent = np.concatenate([long * first, second + skew * first])
    assert same_rotation(rotations.from_six_numbers(bent), turn)
    assert same_rotation(rotations.quaternions(quat_to_matrix(turn)), turn)


@pytest.mark.parametrize(
    "six", [np.zeros(6), np.array([0, 0, 2.0, 0, 0, 5.0]), np.array([1.0, 0, 0, 0, 0, 0])]
)
def test_columns_that_are_no_rotation_still_give_one(six: np.ndarray) -> None:
    assert np.linalg.norm(rotations.from_six_numbers(six)) == pytest.approx(1.0)


@pytest.mark.parametrize("frame", FRAMES)
def test_recorded_targets_drive_the_recorded_commands(frame: ActionFrame) -> None:
    """What the windows hold, put through what the controller does, gives back every command, also past the end."""
    series = join(arrays_of(range(2)))
    series.pose[:, :3] += 0.004  # the arm lags behind its command
    starts = torch.tensor([0, 17, int(series.last[0]) - 5, int(series.first[-1]) + 3, len(series) - 2])
    chunks = chunk_targets(series, frame, starts, 24).double().numpy()
    assert chunks.shape == (5, 24, len(action_names(frame)))
    for start, chunk in zip(starts.tolist(), chunks, strict=True):
        began = Observation(
            0, torch.zeros(0), torch.zeros(0), series.applied[start].double().numpy(),
            series.stain[start].double().numpy(), series.pose[start].double().numpy(),
        )  # fmt: skip
        command = series.command[start].double().numpy()
        for tick, action in enumerate(chunk, start + 1):
            command = next_command(frame, FREE, command, action, began, began.yaw)
            expected = series.command[min(tick, int(series.last[start]))].double().numpy()
            assert np.allclose(command[:3], expected[:3], atol=1e-6)
            assert same_rotation(command[3:7], expected[3:7] / np.linalg.norm(expected[3:7]))
            assert action[-1] == float(tick > int(series.last[start]))


def test_only_the_frame_of_the_measured_pose_sees_how_far_it_is_from_the_command() -> None:
    plain, pushed = join(arrays_of(range(1))), join(arrays_of(range(1)))
    pushed.pose[:, 2] += 0.003
    starts = torch.arange(10)
    moved = {
        frame: not torch.equal(
            chunk_targets(plain, frame, starts, 8), chunk_targets(pushed, frame, starts, 8)
        )
        for frame in FRAMES
    }
    assert moved == {frame: frame == "relative_pose" for frame in FRAMES}


@pytest.mark.parametrize("frame", POSES)
def test_a_far_target_is_approached_step_by_step(frame: ActionFrame) -> None:
    config, start = RuntimeConfig(), np.array([0.4, 0.0, 0.2, 1.0, 0.0, 0.0, 0.0, 0.05])
    away = np.concatenate([[0.7, 0.4, 0.2], rotations.from_rotvec(np.array([0.0, 0.0, 2.0])), [0.02]])
    began = Observation(0, torch.zeros(0), torch.zeros(0), start, np.array([0.5, 0.1, 0.0, 0.3]), start[:7])
    target = np.append(to_targets(frame, away, start[:7], began.stain), 0.0)
    moved = next_command(frame, config, start, target, began, 0.3, share=0.5)
    assert np.allclose(moved[:3] - start[:3], 0.003 * np.array([0.6, 0.8, 0.0]))
    assert np.allclose(rotations.to_rotvec(moved[3:7]), [0.0, 0.0, 0.025])
    assert moved[7] == 0.02


def test_the_form_offers_the_frames_and_streaming_says_why_not() -> None:
    for policy in ("rdp", "flow", "diffusion", "streaming"):
        field = next(field for field in fields_of(policy) if field.name == "action_frame")
        assert (field.kind, field.default, field.options) == ("choice", "increment", FRAMES)
    assert with_changes(StreamingConfig(), "streaming", {"action_frame": "absolute"}).problem() == ""
    problem = with_changes(StreamingConfig(), "streaming", {"action_frame": "relative_pose"}).problem()
    assert "older observation" in problem
    assert msgspec.json.decode(b"{}", type=RdpConfig).action_frame == "increment"


def framed(plain: RunConfig, frame: ActionFrame) -> RunConfig:
    changes = {plain.policy: msgspec.structs.replace(plain.settings, action_frame=frame)}
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize(
    ("policy", "frame"),
    [("diffusion", "relative_pose"), pytest.param("rdp", "absolute", marks=pytest.mark.soak)],
)
def test_one_episode_is_learned_by_heart_and_driven(
    tmp_path: Path, episodes: list[EpisodeArrays], policy: str, frame: ActionFrame
) -> None:
    series = join(episodes[:1])
    plain = (
        run_config(episodes[:1], 500, ()) if policy == "rdp" else chunk_config(episodes[:1], 250, policy, ())
    )
    assert TrainingRun(tmp_path, framed(plain, frame), series, ChildLink("train")).run()
    loaded = checkpoint.load_policy(tmp_path, checkpoint.read_config(tmp_path))
    assert isinstance(loaded, RdpPolicy) == (policy == "rdp")
    windows = Windows(series, loaded.grid, [0])
    which = torch.arange(len(windows))
    recorded = chunk_targets(series, frame, windows.starts, loaded.grid.chunk)
    ticks = windows.observation_ticks(which)
    with torch.no_grad():
        touch = loaded.touch(series.wrench, series.field)
        noise = torch.cat([loaded.draw(generator_for(0, "validation")) for _ in which])
        plan = loaded.plan(loaded.condition(series.motion[ticks], touch[ticks]), noise)
        drawn, _ = loaded.decode(plan, touch[windows.chunk_ticks(which)])
    error = (drawn - recorded)[..., :3].square().mean().sqrt()
    assert error < 0.25 * recorded[..., :3].std(dim=(0, 1)).square().mean().sqrt()
    controller = PolicyController(loaded)
    path = drive(controller, 0, 60)
    assert path[-1, 2] < path[0, 2] - 0.01, "it went down to the board"
    ribbon = np.array(controller.state()["plan"])
    assert len(ribbon) > 2
    assert np.linalg.norm(np.diff(ribbon, axis=0), axis=1).max() <= loaded.runtime.max_step_m + 2e-5
    if isinstance(loaded, RdpPolicy):
        assert touch_response(loaded, series) is touch_share(loaded, series) is None
