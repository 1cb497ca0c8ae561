"""Policies that see: the encoders learn, pictures decide where nothing else tells, a lost camera stops it."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from app.core.drive.controller import Start
from app.core.errors import LearningError
from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.chance import generator_for
from app.learning.config import (
    CamerasConfig,
    DiffusionConfig,
    FlowConfig,
    RdpConfig,
    RunConfig,
    StreamingConfig,
)
from app.learning.data.arrays import EpisodeArrays, resample
from app.learning.data.dataset import Series, Windows, join
from app.learning.data.gallery import Gallery
from app.learning.data.pictures import square
from app.learning.policies.build import build_policy
from app.learning.run import TrainingRun
from app.learning.runtime.controller import PolicyController
from app.learning.runtime.looking import decoded
from app.learning.serve import check_rig
from app.learning.training.stages import Prepared, stage_of
from tests.app.learning.contact import (
    MARKERS,
    PERIOD_NS,
    Board,
    chunk_config,
    deliver,
    server_info,
    small_config,
)
from tests.app.learning.filmed import SMALL, Filmed, deliver_filmed, filmed_info, jpeg_at, settings, show
from tests.hygiene import wait_until

FIELD = MARKERS * 3


def two_sided(size: int = 16) -> tuple[list[EpisodeArrays], Series]:
    """Return two episodes that differ in pictures and actions alone: bright left, move left; bright right, right."""
    rng = np.random.default_rng(0)
    plain = resample(Filmed(0, np.array([0])), settings().grid, "plain", cameras=("scene",))
    ticks = len(plain)
    episodes, maps = [], []
    for side in (-1.0, 1.0):
        action = np.zeros((ticks, 8), dtype=np.float32)
        action[:, 0], action[:, 1] = side * 0.002, 0.001 * np.sin(np.arange(ticks))
        numbers, ages = np.arange(ticks)[:, None], np.zeros((ticks, 1), dtype=np.int64)
        episodes.append(replace(plain, action=action, frames=numbers, frame_age_ns=ages))
        pictures = rng.integers(0, 60, (ticks, size, size, 3)).astype(np.uint8)
        pictures[:, :, : size // 2] += np.uint8(150 if side < 0 else 0)
        pictures[:, :, size // 2 :] += np.uint8(150 if side > 0 else 0)
        maps.append([pictures])
    return episodes, replace(join(episodes), gallery=Gallery(maps, size))


def seeing_run(episodes: list[EpisodeArrays], steps: int, cameras: CamerasConfig = SMALL) -> RunConfig:
    plain = chunk_config(episodes, steps, "flow", held_out=())
    assert plain.flow is not None
    flow = msgspec.structs.replace(
        plain.flow, cameras=cameras, optimiser=msgspec.structs.replace(plain.flow.optimiser, batch=16)
    )
    return msgspec.structs.replace(plain, flow=flow)


@pytest.mark.parametrize("encoder", ["compact", "resnet18"])
@pytest.mark.parametrize("name", ["flow", "rdp"])
def test_the_gradient_reaches_every_weight_of_the_encoders(name: str, encoder: str) -> None:
    _, series = two_sided()
    cameras = msgspec.structs.replace(SMALL, encoder=encoder)
    config = settings(cameras) if name == "flow" else msgspec.structs.replace(small_config(), cameras=cameras)
    torch.manual_seed(0)
    policy = build_policy(config, FIELD)
    policy.fit(series, torch.arange(len(series)))
    parts = Prepared(policy, Windows(series, policy.grid, [0, 1], cameras))
    stage = stage_of(policy, "planner", parts, parts, seed=0)
    stage.loss(0).backward()
    assert policy.cameras is not None
    weights = dict(policy.cameras.named_parameters())
    assert {id(weight) for weight in weights.values()} <= {id(weight) for weight in stage.module.parameters()}
    dead = [
        key for key, weight in weights.items() if weight.grad is None or not weight.grad.abs().max() > 0.0
    ]
    assert dead == []


def test_pictures_decide_where_nothing_else_tells_and_survive_the_checkpoint(tmp_path: Path) -> None:
    episodes, series = two_sided()
    assert TrainingRun(tmp_path, seeing_run(episodes, 150), series, ChildLink("train")).run()
    policy = checkpoint.load_policy(tmp_path, checkpoint.read_config(tmp_path))
    windows = Windows(series, policy.grid, [0, 1], SMALL)
    which = torch.arange(0, len(windows), 4)
    ticks = windows.observation_ticks(which)
    with torch.no_grad():
        felt = policy.condition(series.motion[ticks], policy.touch(series.wrench[ticks], series.field[ticks]))
        noise = torch.randn(len(which), policy.grid.chunk, 8, generator=generator_for(0, "validation"))
        drawn = policy.plan(policy.seeing(felt, windows.pictures(which)), noise)
    side = torch.where(series.episode[ticks[:, 1]] == 0, -1.0, 1.0)
    right = ((drawn[..., 0].mean(dim=1) * side) > 0.0005).float().mean()
    assert right > 0.95


def test_all_policies_take_cameras_in_the_same_way() -> None:
    for kind in (RdpConfig, FlowConfig, DiffusionConfig, StreamingConfig):
        plain, seeing = build_policy(kind(), FIELD), build_policy(kind(cameras=SMALL), FIELD)
        assert plain.condition_size == 2 * (19 + 6 + 15)
        assert seeing.condition_size == plain.condition_size + 2 * SMALL.features
        assert not any(key.startswith("cameras") for key in plain.state_dict())


def test_a_checkpoint_of_before_there_were_cameras_loads(trained: Path, tmp_path: Path) -> None:
    written = json.loads((trained / checkpoint.CONFIG).read_text())
    assert written["rdp"].pop("cameras")["names"] == []
    (tmp_path / checkpoint.CONFIG).write_text(json.dumps(written))
    (tmp_path / checkpoint.WEIGHTS).write_bytes((trained / checkpoint.WEIGHTS).read_bytes())
    config = checkpoint.read_config(tmp_path)
    assert checkpoint.load_policy(tmp_path, config).cameras is None


@pytest.mark.parametrize(
    "change", [{"size": 100_000}, {"crop": 0.0}, {"names": ("a", "a")}, {"names": ("",)}]
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    episodes, _ = two_sided()
    config = seeing_run(episodes, 4, msgspec.structs.replace(SMALL, **change))
    (tmp_path / checkpoint.CONFIG).write_bytes(msgspec.json.encode(config))
    with pytest.raises(LearningError, match="camera"):
        checkpoint.read_config(tmp_path)


def begun(lockstep: bool = True) -> tuple[PolicyController, Board]:
    """Return a controller of an untrained policy that sees, and a board."""
    torch.manual_seed(1)
    policy = build_policy(settings(), FIELD)
    policy.requires_grad_(False)
    controller, board = PolicyController(policy), Board.draw(0)
    info = msgspec.structs.replace(filmed_info(), lockstep=lockstep)
    controller.begin(Start(board.t_ns, 0, info, {}))
    return controller, board


def planned(controller: PolicyController, t_ns: int) -> bool:
    """Act; returns whether there is a plan."""
    return controller.act(t_ns).pose is not None and len(controller.state()["plan"]) > 1


def test_the_same_picture_is_the_same_tensor_live_and_in_training(tmp_path: Path) -> None:
    jpegs = (jpeg_at(np.array([0.5, 0.0, 0.1])), jpeg_at(np.array([0.52, 0.0, 0.12])))
    live = decoded(tuple((jpeg,) for jpeg in jpegs), SMALL)
    assert live is not None
    kept = Gallery([[np.stack([square(jpeg, SMALL.size, "p") for jpeg in jpegs])]], SMALL.size)
    assert torch.equal(live[0], kept.gather(torch.tensor([0, 0]), torch.tensor([[0], [1]])))


@pytest.mark.parametrize("lockstep", [True, False])
def test_what_the_camera_shows_changes_the_plan(lockstep: bool) -> None:
    paths = []
    for shade in (20, 220):
        controller, board = begun(lockstep)
        for _ in range(12):
            deliver_filmed(controller, board)
            show(controller, jpeg_at(board.position, shade), board.t_ns)
            board.t_ns += PERIOD_NS
            if lockstep:
                assert controller.act(board.t_ns).pose is not None
            else:
                wait_until(functools.partial(planned, controller, board.t_ns))
        paths.append(np.array(controller.state()["plan"])[-1])
        controller.close()
    assert np.abs(paths[0] - paths[1]).max() > 1e-4


def test_a_camera_that_shows_nothing_more_stops_the_motion() -> None:
    controller, board = begun()
    deliver_filmed(controller, board)
    assert controller.act(board.t_ns).pose is not None
    shown = board.t_ns
    while board.t_ns - shown <= SMALL.stale_ns:
        assert controller.act(board.t_ns).pose is not None
        board.t_ns += PERIOD_NS
        deliver(controller, board)
    assert controller.act(board.t_ns).pose is None
    assert controller.state()["waiting_for"] == "scene/color"
    show(controller, jpeg_at(board.position), board.t_ns)
    assert controller.act(board.t_ns).pose is not None


def test_the_pictures_of_the_last_episode_are_forgotten() -> None:
    controller, board = begun()
    deliver_filmed(controller, board)
    controller.act(board.t_ns)
    controller.begin(Start(board.t_ns, 0, filmed_info(), {}))
    assert controller.act(board.t_ns).pose is None
    assert controller.state()["waiting_for"] == "scene/color"


@pytest.mark.parametrize("lockstep", [True, False])
def test_a_broken_picture_costs_its_plan_and_is_told(lockstep: bool) -> None:
    controller, board = begun(lockstep)
    deliver(controller, board)
    show(controller, b"\xff\xd8 no picture", board.t_ns)

    def told() -> bool:
        assert controller.act(board.t_ns).pose is not None
        return "'scene'" in controller.state()["waiting_for"]

    wait_until(told)
    controller.close()


def test_a_rig_without_the_camera_is_refused(tmp_path: Path) -> None:
    episodes, _ = two_sided()
    config = seeing_run(episodes, 4)
    check_rig(tmp_path, config, filmed_info())
    with pytest.raises(LearningError, match="camera 'scene'"):
        check_rig(tmp_path, config, server_info())
