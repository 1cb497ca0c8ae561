"""A few live trials of each kind: that it stops, and stays so without a new press. How soon is for `make soak`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.wire.client import DeviceClient, Endpoints
from tests.faults import live, policy
from tests.faults.proxy import MessageProxy
from tests.faults.trials import Verdict

pytestmark = pytest.mark.process
SOON_MS = 250.0  # of 300 watched: a busy machine may be late, but it has stopped


@pytest.fixture(scope="module")
def parent() -> Iterator[live.Parent]:
    with live.Parent() as parent:
        yield parent


@pytest.fixture(scope="module")
def bench(parent: live.Parent) -> Endpoints:
    _, ready = parent.start("device", "--rig", "sim/wipe")
    return Endpoints.parse(str(ready["connect"]))


@pytest.mark.parametrize("fault", ["stalled", "black_hole", "close", "reset"])
def test_a_broken_link_stops_the_arm_and_a_mended_one_does_not_start_it(bench: Endpoints, fault: str) -> None:
    stopped, rearmed = Verdict(), Verdict()
    live.link_trials(bench, fault, 2, stopped, rearmed)
    assert rearmed.failures == 0
    assert stopped.trials > 0
    assert max(stopped.times_ms) < SOON_MS


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL, signal.SIGTERM])
def test_a_driver_that_hangs_or_dies_stops_the_arm(parent: live.Parent, bench: Endpoints, how: int) -> None:
    verdict = live.process_trials(parent, bench, how, 1)
    assert verdict.trials == 1
    assert max(verdict.times_ms) < SOON_MS


def test_a_policy_that_computes_without_pause_hangs_or_dies_stops_the_arm(
    parent: live.Parent, bench: Endpoints, tmp_path: Path
) -> None:
    run = policy.write_policy(tmp_path / "run", policy.markers_of(bench))
    for how in (signal.SIGUSR1, signal.SIGSTOP, signal.SIGKILL):
        verdict = policy.policy_trials(parent, bench, run, how, 1)
        assert verdict.trials == 1
        assert max(verdict.times_ms) < SOON_MS


@pytest.mark.parametrize("fault", ["release", "freeze", "stop"])
def test_a_hand_that_lets_go_freezes_or_is_stopped_stops_the_arm(
    parent: live.Parent, bench: Endpoints, fault: str
) -> None:
    stopped, still = live.hand_trials(parent, bench, fault, 2)
    assert still.failures == 0
    assert max(stopped.times_ms) < SOON_MS


def test_lost_doubled_and_swapped_setpoints_are_borne(bench: Endpoints) -> None:
    with DeviceClient(bench) as client:
        client.call("reset", timeout_s=30.0, seed=1, condition="nominal")
    observer = live.Observer(bench)
    with contextlib.closing(observer), MessageProxy(bench.commands) as proxy:
        sender = live.Sender(Endpoints(bench.streams, proxy.endpoint))
        sender.client.call("lease", holder="sender", source="operator")
        proxy.faults.drop, proxy.faults.duplicate, proxy.faults.reorder = 0.1, 0.2, 0.1
        try:
            for number in range(4):
                sender.press += 1
                sender.drive(live.goal_of(observer, number), 0.4, observer)
        finally:
            proxy.faults.drop = proxy.faults.duplicate = proxy.faults.reorder = 0.0
            sender.client.call("release", holder="sender")
            sender.close()
    assert all(proxy.counts.values()), proxy.counts
    assert observer.moved_m(0) > 0.005
    assert max(abs(row[1]) for _, row in observer.rows) <= live.REACH_M + 1e-3
