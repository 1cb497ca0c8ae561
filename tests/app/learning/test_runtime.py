"""The policy as a source of motion, on a springy board: it follows the force, repeats, and knows when to hold."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from app.core.drive.controller import Start
from app.learning.data.arrays import resample
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.runtime.controller import PolicyController
from app.learning.runtime.fast import FastDecoder
from app.learning.runtime.observer import Observer, leashed
from app.learning.runtime.planner import Plan, ThreadedPlanner
from tests.app.learning.contact import PERIOD_NS, Board, deliver, demonstrate, drive, server_info
from tests.hygiene import wait_until

SEEDS = range(100, 104)


def in_band(path: np.ndarray) -> float:
    """Return the share of the ticks in contact in which the force is between 5 and 11 N."""
    force = path[:, 3]
    return float(((force > 5.0) & (force < 11.0)).sum() / max(1, (force > 0.5).sum()))


def test_the_policy_wipes_with_the_force_of_the_demonstrator(policy: RdpPolicy) -> None:
    paths = [drive(PolicyController(policy), seed, 300) for seed in SEEDS]
    assert np.mean([in_band(path) for path in paths]) > 0.7
    assert max(path[:, 3].max() for path in paths) < 20.0
    assert all(np.ptp(path[path[:, 3] > 1.0, 0]) > 0.04 for path in paths), "it moves along the stroke"


def test_it_yields_when_the_board_rises(policy: RdpPolicy) -> None:
    """The board rises 6 mm in contact, which is 7 N; the force must come back into the band within half a second."""

    def rise(board: Board) -> None:
        contact.append(board.force() > 6.0)
        if sum(contact) == 20:
            board.height += 0.006
            risen.append(len(contact))

    contact: list[bool] = []
    risen: list[int] = []
    force = drive(PolicyController(policy), 101, 300, rise)[:, 3]
    after = force[risen[0] : risen[0] + 25]
    assert after.max() > 11.0
    assert 5.0 < after[-1] < 10.0


def test_a_seed_repeats_and_another_differs(policy: RdpPolicy) -> None:
    controller = PolicyController(policy)
    first, second = drive(controller, 100, 80), drive(controller, 100, 80)
    assert np.array_equal(first, second)
    board = Board.draw(100)
    controller.begin(Start(board.t_ns, 5, server_info(), {}))
    other = []
    for _ in range(80):
        deliver(controller, board)
        action = controller.act(board.t_ns)
        assert action.pose is not None
        board.step(action.pose)
        other.append(board.position.copy())
    assert not np.allclose(np.array(other), first[:80, :3], atol=1e-7)


def test_it_rests_until_the_first_plan_is_due(policy: RdpPolicy) -> None:
    controller, board = PolicyController(policy), Board.draw(100)
    controller.begin(Start(0, 0, server_info(), {}))
    rest = board.command.copy()
    delay = policy.config.runtime.plan_delay_ns // PERIOD_NS
    for tick in range(delay + 1):
        deliver(controller, board)
        action = controller.act(board.t_ns)
        assert action.pose is not None
        assert np.allclose(action.pose, rest[:7]) == (tick < delay)
        board.t_ns += PERIOD_NS


def test_each_plan_that_was_used_is_told_once_with_its_times(policy: RdpPolicy) -> None:
    controller, board = PolicyController(policy), Board.draw(100)
    controller.begin(Start(0, 0, server_info(), {}))
    told = []
    for _ in range(3 * policy.config.runtime.plan_every):
        deliver(controller, board)
        action = controller.act(board.t_ns)
        told += [(board.t_ns, *message) for message in controller.samples()]
        assert action.pose is not None
        board.step(action.pose)
    assert controller.samples() == []
    plans = [(at, header, data) for at, header, data in told if header.signal == "plan"]
    times = [
        np.frombuffer(data, header.dtype).tolist()
        for _, header, data in told
        if header.signal == "plan_times"
    ]
    assert len(plans) == len(times) >= 2
    delay_ns, every_ns = policy.config.runtime.plan_delay_ns, policy.config.runtime.plan_every * PERIOD_NS
    for number, ((at, header, data), (ready, used, took)) in enumerate(zip(plans, times, strict=True)):
        assert (header.seq, header.t_ns) == (number, (plans[0][1].t_ns[0] + number * every_ns,))
        assert (ready - header.t_ns[0], used, took > 0) == (delay_ns, at, True)
        assert len(data) == np.prod(header.shape) * 4
        assert np.isfinite(np.frombuffer(data, header.dtype)).all()


@pytest.mark.parametrize("topic", ["finger/wrench", "arm/pose", "vision/stain"])
def test_it_asks_for_no_motion_without_its_streams(policy: RdpPolicy, topic: str) -> None:
    controller, board = PolicyController(policy), Board.draw(100)
    controller.begin(Start(0, 0, server_info(), {}))
    deliver(controller, board, hide=topic)
    assert controller.act(board.t_ns).pose is None
    assert controller.state()["waiting_for"] == topic


def test_old_touch_is_not_acted_on(policy: RdpPolicy) -> None:
    controller, board = PolicyController(policy), Board.draw(100)
    controller.begin(Start(0, 0, server_info(), {}))
    deliver(controller, board)
    assert controller.act(board.t_ns).pose is not None
    for _ in range(6):
        board.t_ns += PERIOD_NS
        deliver(controller, board, hide="finger/wrench")
    assert controller.act(board.t_ns).pose is None
    assert controller.state()["waiting_for"] == "finger/wrench"


def test_live_features_are_those_of_the_data_set(policy: RdpPolicy) -> None:
    """What the observer makes of a recorded episode, tick by tick, is what the trainer saw of it."""
    episode = demonstrate(2)
    arrays = resample(episode, policy.config.grid, "e")
    observer, controller = Observer(policy), PolicyController(policy)
    for tick in range(len(arrays)):
        board = Board.draw(2)
        board.t_ns = tick * PERIOD_NS
        board.samples = lambda tick=tick: {topic: rows[tick] for topic, rows in episode.streams.items()}  # type: ignore
        controller.receive = observer.receive  # type: ignore[method-assign]
        deliver(controller, board)
        seen = observer.observe(board.t_ns)
        assert np.allclose(seen.motion.numpy(), arrays.motion[tick], atol=1e-6)
        touch = policy.touch(torch.from_numpy(arrays.wrench[tick]), torch.from_numpy(arrays.field[tick]))
        assert torch.allclose(seen.touch, touch, atol=1e-4)


def test_catching_up_equals_having_been_there(policy: RdpPolicy) -> None:
    touches = torch.randn(10, policy.config.touch.components + 6)
    plan = Plan(torch.randn(1, policy.config.tokenizer.latent), 0, 0, 0.0)
    always, late = FastDecoder(policy), FastDecoder(policy)
    for decoder in (always, late):
        decoder.switch(plan)
    steps = [always.step(tick * PERIOD_NS, lambda t_ns: touches[t_ns // PERIOD_NS]) for tick in range(10)]
    caught = late.step(9 * PERIOD_NS, lambda t_ns: touches[t_ns // PERIOD_NS])
    assert steps[-1] is not None
    assert caught is not None
    assert np.allclose(steps[-1], caught, atol=1e-6)
    assert late.step(9 * PERIOD_NS, lambda _t_ns: touches[0]) is None, "a tick is decoded once"
    assert late.step(policy.config.grid.chunk * PERIOD_NS, lambda _t_ns: touches[0]) is None, (
        "the plan has run out"
    )


def test_plan_ribbon_starts_at_the_command_and_leads_on(policy: RdpPolicy) -> None:
    controller, board = PolicyController(policy), Board.draw(100)
    controller.begin(Start(0, 0, server_info(), {}))
    for _ in range(10):
        deliver(controller, board)
        action = controller.act(board.t_ns)
        assert action.pose is not None
        board.step(action.pose)
    plan = np.array(controller.state()["plan"])
    assert action.pose is not None
    assert np.allclose(plan[0], action.pose[:3], atol=1e-5)
    assert len(plan) > 10
    steps = np.linalg.norm(np.diff(plan, axis=0), axis=1)
    assert 0.0 < steps.max() <= policy.config.runtime.max_step_m + 2e-5
    assert controller.state()["delay_ms"] == 100.0


def test_the_loop_goes_on_while_a_plan_takes_its_time(
    policy: RdpPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In real time the first plan is held back: every step returns, at rest, until it is there."""
    begun, release, plan = threading.Event(), threading.Event(), policy.plan

    def held_back(condition: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        begun.set()
        assert release.wait(60.0)
        return plan(condition, noise)

    monkeypatch.setattr(policy, "plan", held_back)
    controller, board = PolicyController(policy), Board.draw(100)
    controller.begin(Start(0, 0, server_info(lockstep=False), {}))
    rest = board.command[:7].copy()

    def act() -> np.ndarray:
        deliver(controller, board)
        pose = controller.act(board.t_ns).pose
        assert pose is not None
        board.t_ns += PERIOD_NS
        return pose

    try:
        assert np.allclose(act(), rest)
        assert begun.wait(60.0)
        for _ in range(policy.config.runtime.plan_every):
            assert np.allclose(act(), rest)
        release.set()
        wait_until(lambda: not np.allclose(act(), rest))
    finally:
        release.set()
        controller.close()


def test_threaded_planner_gives_what_was_asked_and_forgets_the_last_episode(policy: RdpPolicy) -> None:
    condition, noise = torch.zeros(1, _condition_size(policy)), torch.zeros(1, policy.config.tokenizer.latent)
    planner = ThreadedPlanner(policy)
    try:
        assert planner.request(7, condition, noise)
        plans: list[Plan | None] = []
        wait_until(lambda: plans.append(planner.newest(0)) or plans[-1] is not None)  # type: ignore[func-returns-value]
        assert plans[-1] is not None
        assert plans[-1].begins_ns == 7
        assert torch.equal(plans[-1].content, policy.plan(condition, noise))
        assert planner.request(8, condition, noise)
        planner.begin()
        wait_until(lambda: planner.request(9, condition, noise))
        wait_until(lambda: plans.append(planner.newest(0)) or plans[-1] is not None)  # type: ignore[func-returns-value]
        assert plans[-1].begins_ns == 9
    finally:
        planner.close()


def _condition_size(policy: RdpPolicy) -> int:
    return 2 * (len(policy.motion.mean) + 6 + policy.config.touch.components)


def test_a_leash_holds_the_command_near_what_is_applied(policy: RdpPolicy) -> None:
    config = policy.config.runtime
    applied = np.array([0.5, 0.0, 0.1, 1.0, 0.0, 0.0, 0.0, 0.08])
    near, far = applied.copy(), applied.copy()
    near[0] += 0.5 * config.leash_m
    far[1] += 1.0
    assert np.array_equal(leashed(near, applied, config), near)
    assert np.allclose(leashed(far, applied, config)[:3], [0.5, config.leash_m, 0.1])
