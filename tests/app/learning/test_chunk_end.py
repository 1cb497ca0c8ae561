"""A planner that hangs (S2): the command goes to the end of the last plan's chunk, and rests there."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch import Tensor

from app.core.drive.controller import Start
from app.learning.data import features
from app.learning.policies.observing import Moment
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.runtime.controller import PolicyController
from app.learning.runtime.planner import ThreadedPlanner
from tests.app.learning.contact import PERIOD_NS, Board, deliver, server_info, small_config
from tests.hygiene import wait_until

STEP_M = 1e-4  # at every tick, whatever it sees
MOST_PERIODS = 2


@pytest.fixture
def sideways() -> RdpPolicy:
    """A policy of the real kind whose decoder goes sideways at every tick."""
    torch.manual_seed(1)
    policy = RdpPolicy(small_config(), len(server_info().markers_m))
    layers = policy.tokenizer.decoder.head
    assert isinstance(layers, torch.nn.Sequential)
    head = layers[-1]
    assert isinstance(head, torch.nn.Linear)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()
        head.bias[features.ACTION.index("dy")] = STEP_M
    return policy.eval()


def test_the_command_rests_at_the_end_of_the_last_chunk(
    sideways: RdpPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real planner thread; it makes one plan and is stuck in the second, as a process that swaps or a dead GPU is."""
    hangs, plan_at, calls = threading.Event(), sideways.plan_at, [0]

    def stuck(moment: Moment, condition: Tensor, noise: Tensor) -> Tensor:
        calls[0] += 1
        if calls[0] > 1:
            hangs.wait()
        return plan_at(moment, condition, noise)

    monkeypatch.setattr(sideways, "plan_at", stuck)
    controller, board = PolicyController(sideways), Board.draw(100)
    begun_ns = board.t_ns
    controller.begin(Start(begun_ns, 0, server_info(lockstep=False), {}))
    planner = controller._planner
    assert isinstance(planner, ThreadedPlanner)
    commands: list[np.ndarray] = []
    chunk = sideways.grid.chunk
    try:
        for tick in range(chunk + 20):
            deliver(controller, board)
            action = controller.act(board.t_ns)
            assert action.pose is not None
            commands.append(action.pose)
            if tick == 0:
                wait_until(lambda: planner._done is not None, 10.0, "the first plan")
            board.step(action.pose)
    finally:
        hangs.set()
        controller.close()
    assert calls[0] == 2, "the second plan hung"
    moved = np.flatnonzero(np.linalg.norm(np.diff(np.array(commands)[:, :3], axis=0), axis=1) > 1e-9) + 1
    assert set(moved) >= set(range(2, chunk)), "the whole chunk is driven, without a stop for want of a plan"
    end_ns, last_ns = begun_ns + chunk * PERIOD_NS, begun_ns + int(moved[-1]) * PERIOD_NS
    assert last_ns <= end_ns + MOST_PERIODS * PERIOD_NS, "the pass line of S2"
    assert last_ns < end_ns, "in fact nothing is driven beyond the chunk"
