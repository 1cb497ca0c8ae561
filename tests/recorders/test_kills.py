"""D2 in short: takes killed at random moments all open, and lose only what was not yet synced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.sources import ROOT

KILLS = 30


@pytest.mark.process
def test_killed_at_random_moments_every_take_opens(memory_disk: Path) -> None:
    command = [sys.executable, "-m", "tests.recorders.crash_take", str(memory_disk), str(KILLS), "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["lost_ms"]) == KILLS
    assert max(found["lost_ms"]) < 2000.0  # far above 100 ms: a busy machine; `make soak` measures it
