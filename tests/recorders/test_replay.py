"""D1 and D3 in short: a take cut off at any file operation, by a kill or by a power cut, keeps what was synced."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.recorders.replayed import LoggedTake, check_power_cuts, check_prefixes, log_take

PREFIXES = 40
POWER_CUTS = 100


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> LoggedTake:
    return log_take(tmp_path_factory.mktemp("take") / "data", periods=30)


def test_killed_at_any_operation(take: LoggedTake, memory_disk: Path) -> None:
    ends = [at + extra for at, _ in take.safe for extra in (-1, 0, 1)]  # where most could go wrong
    steps = [at + 1 for at, op in enumerate(take.ops) if op.kind not in ("write", "truncate")][-12:]
    places = [*ends[:6], *ends[-6:], *steps, *random.Random(5).sample(range(len(take.ops) + 1), PREFIXES)]
    assert check_prefixes(take, memory_disk, places) >= PREFIXES


def test_power_cut_at_any_operation(take: LoggedTake, memory_disk: Path) -> None:
    assert check_power_cuts(take, memory_disk, POWER_CUTS, seed=6) == POWER_CUTS
