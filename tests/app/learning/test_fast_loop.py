"""The decoder's own rate, its two forms, and the delays that are told: what must hold exactly."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from app.core.drive.controller import Start
from app.learning.config import GridConfig, RdpConfig, TokenizerConfig
from app.learning.data import features
from app.learning.data.arrays import resample
from app.learning.data.dataset import join
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.policies.rdp.residual import ResidualDecoder
from app.learning.policies.rdp.sensitivity import touch_share
from app.learning.runtime.controller import PolicyController
from app.learning.runtime.delays import Delays
from app.learning.runtime.fast import FastDecoder
from app.learning.runtime.planner import Plan
from app.session.evaluate import worst_delays
from tests.app.learning.contact import (
    MARKERS,
    PERIOD_NS,
    Board,
    deliver,
    demonstrate,
    header_of,
    server_info,
    small_config,
)

FAST = 2


def config_of(decoder: str = "recurrent", fast: int = FAST) -> RdpConfig:
    plain = small_config()
    return msgspec.structs.replace(
        plain, grid=msgspec.structs.replace(plain.grid, fast=fast),
        tokenizer=msgspec.convert({**msgspec.to_builtins(plain.tokenizer), "decoder": decoder}, TokenizerConfig),
    )  # fmt: skip


def untrained(decoder: str = "recurrent", fast: int = FAST) -> RdpPolicy:
    torch.manual_seed(4)
    return RdpPolicy(config_of(decoder, fast), MARKERS * 3).eval().requires_grad_(False)


def touch_of(policy: RdpPolicy, ticks: int) -> torch.Tensor:
    return torch.randn(1, ticks, policy.touch_size, generator=torch.Generator().manual_seed(1))


def test_touch_between_ticks_is_that_of_its_moment_and_never_later() -> None:
    """At fast = 4 the wrench of each decoder tick is the brute-force mean of the last 12 ms, the field the newest."""
    recorded = demonstrate(3)
    dense = {topic: [value for value in rows for _ in range(5)] for topic, rows in recorded.streams.items()}
    rng = np.random.default_rng(0)
    dense["finger/wrench"] = list(rng.normal(size=(len(dense["finger/wrench"]), 6)))
    dense["finger/field"] = list(rng.normal(size=(len(dense["finger/field"]), MARKERS, 3)))
    times = np.arange(len(dense["arm/pose"]), dtype=np.int64) * 4_000_000
    recorded.streams = dense
    recorded.times_ns = lambda topic: times  # type: ignore[method-assign]  # noqa: ARG005
    grid = GridConfig(fast=4)
    arrays = resample(recorded, grid, "dense")
    assert arrays.felt_wrench.shape == (len(arrays), 4, 6)
    assert np.array_equal(arrays.wrench, arrays.felt_wrench[:, 0])
    for tick, part in ((1, 0), (7, 3), (20, 2)):
        now = tick * grid.period_ns + part * 5_000_000
        known = (times > now - grid.filter_ns) & (times <= now)
        mean = np.mean(np.array(dense["finger/wrench"])[known], axis=0)
        assert np.allclose(arrays.felt_wrench[tick, part], mean, atol=1e-5)
        newest = np.array(dense["finger/field"])[times <= now][-1].ravel()
        assert np.allclose(arrays.felt_field[tick, part], newest, atol=1e-6)


@pytest.mark.parametrize("decoder", ["recurrent", "residual"])
def test_steps_of_either_length_cover_the_same_way(decoder: str) -> None:
    """Touch that stands still: single decoder ticks add up to what steps of a whole tick of the grid move."""
    policy = untrained(decoder)
    plan = Plan(torch.randn(1, policy.config.tokenizer.latent), 0, 0, 0.0)
    still = torch.randn(policy.touch_size)
    fine, coarse = FastDecoder(policy), FastDecoder(policy)
    fine.switch(plan)
    coarse.switch(plan)
    ticks = policy.grid.chunk * FAST
    singles = [fine.step(tick * policy.grid.fast_ns, lambda _t: still) for tick in range(ticks)]
    wholes = [coarse.step(tick * PERIOD_NS, lambda _t: still, FAST) for tick in range(policy.grid.chunk)]
    moved = [np.sum([action[: features.GRIPPER] for action in steps if action is not None], axis=0)
             for steps in (singles, wholes)]  # fmt: skip
    assert np.allclose(moved[0], moved[1], atol=1e-5)
    assert np.linalg.norm(moved[0]) > 1e-3
    assert fine.step(policy.grid.chunk * PERIOD_NS, lambda _t: still) is None
    rest = FastDecoder(policy)
    rest.switch(plan)
    assert np.allclose(rest.preview(still)[:, : features.GRIPPER].sum(axis=0), moved[0], atol=1e-5)


def test_what_was_decoded_with_held_touch_is_decoded_again_when_felt() -> None:
    policy = untrained()
    plan = Plan(torch.randn(1, policy.config.tokenizer.latent), 0, 0, 0.0)
    touch = touch_of(policy, 20)[0]
    decoder = FastDecoder(policy)
    decoder.switch(plan)
    at = [
        decoder.step(tick * PERIOD_NS, lambda t: touch[t // policy.grid.fast_ns], FAST) for tick in range(8)
    ]
    felt, state = policy.decode(plan.content, touch[None, :15])
    held, _ = policy.decode(plan.content, touch[None, 14:15], 15, state)
    expected = (felt[0, 14] + held[0, 0])[: features.GRIPPER] / FAST
    assert at[7] is not None
    assert np.allclose(at[7][: features.GRIPPER], expected, atol=1e-6)


def test_the_residual_is_zero_without_touch_and_streams_exactly() -> None:
    policy = untrained("residual")
    decoder, latent = policy.tokenizer.decoder, torch.randn(3, policy.config.tokenizer.latent)
    quiet = torch.zeros(3, policy.grid.chunk * FAST, policy.touch_size)
    assert isinstance(decoder, ResidualDecoder)
    base, state = decoder(latent, quiet, policy.tokenizer.phase)
    assert torch.equal(state, torch.zeros_like(state))
    assert torch.equal(base, decoder.base(decoder._told(latent, policy.tokenizer.phase)))
    touch = torch.randn_like(quiet)
    whole, _ = policy.decode(latent, touch)
    assert not torch.allclose(whole, policy.decode(latent, quiet)[0])
    parts, memory = [], None
    for tick in range(touch.shape[1]):
        part, memory = policy.decode(latent, touch[:, tick : tick + 1], tick, memory)
        parts.append(part)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-6)


def test_the_share_of_touch_is_none_of_it_where_touch_is_left_out() -> None:
    policy = untrained("residual")
    series = join([resample(demonstrate(seed), policy.grid, "e") for seed in range(2)])
    policy.fit(series, torch.arange(len(series)))
    share = touch_share(policy, series)
    assert share is not None
    assert 0.0 < share < 1.0
    policy.used = msgspec.structs.replace(policy.used, wrench=False, field=False)
    assert touch_share(policy, series) == 0.0


def test_the_observer_looks_back_at_touch_of_a_moment_that_has_passed() -> None:
    policy = untrained()
    controller, board = PolicyController(policy), Board.draw(1)
    observer = controller._observer
    deliver(controller, board)
    for t_ns, pressed in ((12_000_000, 5.0), (20_000_000, 9.0)):
        for topic, size in (("finger/wrench", 6), ("finger/field", MARKERS * 3)):
            value = np.full(size, pressed).reshape(board.samples()[topic].shape)
            data = memoryview(np.ascontiguousarray(value[None], dtype="<f8").tobytes())
            controller.receive(header_of(topic, value, 1, t_ns), data)
    then, now = observer.observe(15_000_000), observer.observe(20_000_000)
    five, nine = torch.full((MARKERS * 3,), 5.0), torch.full((MARKERS * 3,), 9.0)
    assert torch.allclose(then.touch, policy.touch(torch.full((6,), 5.0), five), atol=1e-5)
    assert torch.allclose(now.touch, policy.touch(torch.full((6,), 7.0), nine), atol=1e-5)


def test_a_rig_in_real_time_is_stepped_at_the_decoders_rate_and_speeds_stay() -> None:
    policy = untrained()
    controller = PolicyController(policy)
    assert controller.rate_hz == 100.0
    board = Board.draw(100)
    controller.begin(Start(0, 0, server_info(lockstep=True), {}))
    limit, last, longest = policy.runtime.max_step_m, board.command[:3].copy(), 0.0
    for _ in range(20):
        deliver(controller, board)
        action = controller.act(board.t_ns)
        assert action.pose is not None
        longest = max(longest, float(np.linalg.norm(action.pose[:3] - last)))
        last = action.pose[:3].copy()
        board.step(action.pose)
    assert 0.0 < longest <= limit + 1e-9
    told = controller.report()
    assert told["steps"] == 20.0
    assert told["steps_hz"] == 50.0, "in lock-step it acts once per period"
    assert told["plan_ready_p50_ms"] == told["plan_used_p50_ms"] == 100.0
    assert told["wrench_age_max_ms"] == 0.0
    controller.close()


def test_delays_are_percentiles_and_pauses_are_no_gaps() -> None:
    delays = Delays()
    for tick in range(100):
        delays.step(tick * 10_000_000, tick * 10_000_000 - tick * 1_000_000, tick * 10_000_000)
    delays.pause()
    delays.step(9_000_000_000, 9_000_000_000, 9_000_000_000)
    told = delays.report()
    assert told["step_gap_max_ms"] == 10.0
    assert told["steps_hz"] == 100.0
    assert "late_share" not in told, "no period was stated"
    assert told["wrench_age_max_ms"] == 99.0
    assert told["wrench_age_p50_ms"] == pytest.approx(np.percentile([*range(100), 0], 50))
    both = worst_delays([told, {**told, "wrench_age_p50_ms": 0.0, "wrench_age_max_ms": 120.0}, {}])
    assert both["wrench_age_max_ms"] == 120.0
    assert both["wrench_age_p50_ms"] == pytest.approx(told["wrench_age_p50_ms"] / 2)
    delays.begin()
    assert delays.report() == {"steps": 0, "plans": 0}


def test_late_steps_and_touch_that_was_not_new_are_told() -> None:
    """A wrench at 250 Hz, a field at 50 Hz, a step every 10 ms of which one in ten comes 10 ms late."""
    delays, now_ns = Delays(10_000_000), 0
    delays.step(0, 0, 0)
    for tick in range(1, 101):
        now_ns += 20_000_000 if tick % 10 == 0 else 10_000_000
        delays.step(now_ns, now_ns // 4_000_000 * 4_000_000, now_ns // 20_000_000 * 20_000_000)
    told = delays.report()
    assert told["late_share"] == 0.1
    assert told["steps_hz"] == told["wrench_followed_hz"] == pytest.approx(100 / 1.1, abs=0.01)
    assert told["field_followed_hz"] == pytest.approx(50.0, abs=0.5)
