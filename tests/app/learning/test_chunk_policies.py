"""diffusion, flow and streaming: each learns an episode by heart, is saved, loaded and run by the same loop as rdp."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from app.core.drive.controller import Start
from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.chance import generator_for
from app.learning.config import RdpConfig, StreamingConfig
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.dataset import Windows, join
from app.learning.policies.build import build_policy
from app.learning.policies.observing import Moment
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.policies.streaming.policy import StreamingPolicy
from app.learning.run import TrainingRun
from app.learning.runtime.controller import PolicyController
from tests.app.learning.contact import (
    MARKERS,
    PERIOD_NS,
    Board,
    chunk_config,
    chunk_settings,
    deliver,
    drive,
    run_config,
    server_info,
    small_config,
)

STEPS = 900


@pytest.mark.parametrize("name", ["diffusion", "flow", "streaming"])
def test_one_episode_is_learned_by_heart_saved_and_driven(
    tmp_path: Path, episodes: list[EpisodeArrays], name: str
) -> None:
    series = join(episodes[:1])
    config = chunk_config(episodes[:1], STEPS, name, held_out=())
    assert TrainingRun(tmp_path, config, series, ChildLink("train")).run()
    policy = checkpoint.load_policy(tmp_path, checkpoint.read_config(tmp_path))
    windows = Windows(series, policy.grid, [0])
    which = torch.arange(len(windows))
    seen = windows.observation_ticks(which)
    with torch.no_grad():
        condition = policy.condition(
            series.motion[seen], policy.touch(series.wrench[seen], series.field[seen])
        )
        noise = torch.randn(len(which), policy.grid.chunk, 8, generator=generator_for(0, "validation"))
        drawn = policy.plan(condition, noise)
    recorded = series.action[windows.chunk_ticks(which)]
    error = (drawn - recorded)[..., :3].square().mean().sqrt()
    assert error < 0.4 * recorded[..., :3].square().mean().sqrt()
    controller = PolicyController(policy)
    path = drive(controller, 0, 60)
    assert len(path) == 60
    assert path[-1, 2] < path[0, 2], "it went down to the board"
    assert controller.state()["slow_hz"] == pytest.approx(50.0 / policy.runtime.plan_every)


@pytest.mark.parametrize("name", ["diffusion", "flow", "streaming"])
def test_a_stopped_run_resumes_exactly(tmp_path: Path, episodes: list[EpisodeArrays], name: str) -> None:
    class Stopping(ChildLink):
        def poll(self, timeout_ms: int = 0) -> list[dict[str, object]]:
            return [{"name": "stop"}]

    config, series = chunk_config(episodes[:4], 30, name), join(episodes[:4])
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    unbroken = TrainingRun(whole, config, series, ChildLink("train"))
    assert unbroken.run()
    assert not TrainingRun(parts, config, series, Stopping("train")).run()
    stopped = checkpoint.read_config(parts)
    assert (stopped.stage, stopped.step) == ("planner", 10)
    resumed = TrainingRun(parts, stopped, series, ChildLink("train"), True, checkpoint.read_trainer(parts))
    assert resumed.run()
    for key, value in unbroken.policy.state_dict().items():
        assert torch.allclose(value, resumed.policy.state_dict()[key], atol=1e-6), key
    assert (
        (whole / "losses.csv").read_text().count("\n") == (parts / "losses.csv").read_text().count("\n") == 4
    )


def test_rdp_can_draw_its_latents_by_diffusion(tmp_path: Path, episodes: list[EpisodeArrays]) -> None:
    plain = run_config(episodes[:3], 60)
    planner = msgspec.structs.replace(small_config().planner, sampler="diffusion", sample_steps=5)
    config = msgspec.structs.replace(plain, rdp=msgspec.structs.replace(small_config(), planner=planner))
    run = TrainingRun(tmp_path, config, join(episodes[:3]), ChildLink("train"))
    assert run.run()
    policy = checkpoint.load_policy(tmp_path, checkpoint.read_config(tmp_path))
    latents = policy.plan(torch.zeros(4, policy.condition_size), torch.randn(4, 4))
    assert bool(torch.isfinite(latents).all())


def test_touch_that_is_left_out_cannot_be_seen() -> None:
    touch = msgspec.structs.replace(small_config().touch, wrench=False, field=False)
    policy = build_policy(msgspec.structs.replace(small_config(), touch=touch), MARKERS * 3)
    assert not policy.touch(torch.randn(5, 6), torch.randn(5, MARKERS * 3)).any()
    half = msgspec.structs.replace(touch, wrench=True)
    policy = build_policy(msgspec.structs.replace(small_config(), touch=half), MARKERS * 3)
    seen = policy.touch(torch.randn(5, 6), torch.randn(5, MARKERS * 3))
    assert seen[:, :6].any()
    assert not seen[:, 6:].any()


def test_a_checkpoint_of_before_there_were_four_policies_is_read(
    tmp_path: Path, episodes: list[EpisodeArrays]
) -> None:
    config = msgspec.structs.replace(run_config(episodes[:2], 10), finished=True, stage="planner", step=6)
    policy = build_policy(small_config(), MARKERS * 3)
    checkpoint.write_run(tmp_path, config, policy.state_dict(), {})
    written = msgspec.json.decode((tmp_path / "config.json").read_bytes())
    for name in ("diffusion", "flow", "streaming"):
        del written[name]
    for name in ("wrench", "field"):
        del written["rdp"]["touch"][name]
    for name in ("sampler", "train_levels"):
        del written["rdp"]["planner"][name]
    (tmp_path / "config.json").write_bytes(msgspec.json.encode(written))
    again = checkpoint.read_config(tmp_path)
    assert isinstance(again.settings, RdpConfig)
    loaded = checkpoint.load_policy(tmp_path, again)
    assert isinstance(loaded, RdpPolicy)


def test_ticks_that_jitter_do_not_break_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = chunk_settings("streaming")
    assert isinstance(settings, StreamingConfig)
    policy, asked = StreamingPolicy(settings, MARKERS * 3).requires_grad_(False), list[int]()
    plan_at = policy.plan_at

    def noted(moment: Moment, condition: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        asked.append(moment.t_ns)
        return plan_at(moment, condition, noise)

    monkeypatch.setattr(policy, "plan_at", noted)
    controller, board = PolicyController(policy), Board.draw(0)
    controller.begin(Start(0, 0, server_info(), {}))
    jitter = np.random.default_rng(0).integers(-2_000_000, 2_000_000, 120)
    for tick, off in enumerate(jitter):
        board.t_ns = (tick + 1) * PERIOD_NS + int(off)
        deliver(controller, board)
        controller.act(board.t_ns)
    assert [round(gap / PERIOD_NS) for gap in np.diff(asked)] == [settings.act] * 9
