"""Live trials of a real policy process: role `policy` with a checkpoint of its own kind, hung, killed, busy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from app.core.link.hub import Child
from app.core.wire.client import DeviceClient, Endpoints
from app.learning import checkpoint
from app.learning.config import CHECKPOINT_SCHEMA_VERSION, MARKER_VALUES, Budget, EpisodeSource, RunConfig
from app.learning.data import features
from app.learning.policies.rdp.policy import RdpPolicy
from tests.app.learning.contact import small_config
from tests.faults.live import Parent, driver_trials
from tests.faults.trials import Verdict

SIDEWAYS_M = 0.002  # per tick of 20 ms
INJECT = Path(__file__).parent / "inject"
SOURCE = EpisodeSource("u", "/nowhere/u.h5", "0" * 64, 100, False, 0, 1)


def write_policy(run: Path, markers: int) -> Path:
    """Write a finished run for `sim/wipe` whose decoder goes sideways at every tick; planner and delays are real."""
    torch.manual_seed(1)
    rdp = small_config()
    policy = RdpPolicy(rdp, markers * MARKER_VALUES)
    head = policy.tokenizer.decoder.head[-1]
    assert isinstance(head, torch.nn.Linear)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()
        head.bias[features.ACTION.index("dy")] = SIDEWAYS_M
        head.bias[features.GRIPPER] = 0.04
    config = RunConfig(
        CHECKPOINT_SCHEMA_VERSION, "rdp", "sim/wipe", "wipe", markers, rdp, Budget(20), 1, (), (SOURCE,), "test",
        step=20, finished=True, stage="planner",
    )  # fmt: skip
    checkpoint.write_run(run, config, policy.state_dict(), {})
    return run


def markers_of(endpoints: Endpoints) -> int:
    """Return how many markers the pad of a rig has."""
    with DeviceClient(endpoints) as client:
        return len(client.describe().markers_m) // MARKER_VALUES


@contextmanager
def injected(**environment: str) -> Iterator[None]:
    """Have processes that are started meanwhile carry `inject/sitecustomize.py`."""
    changes = {"PYTHONPATH": str(INJECT), **environment}
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def policy_trials(parent: Parent, endpoints: Endpoints, run: Path, how: int, count: int) -> Verdict:
    """S2: the policy process halts (SIGSTOP), dies (SIGKILL) or computes without pause (SIGUSR1) in mid-motion."""

    def start() -> Child:
        with injected():
            return parent.start("policy", str(run), "--connect", endpoints.text(), "--headless")[0]

    return driver_trials(parent, endpoints, how, count, start, "policy")
