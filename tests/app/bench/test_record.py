"""`bench record` measures what it says: a short take of the whole load with real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.bench.record import run_peer, table
from app.core.errors import UsageError
from tests.contracts.sources import ROOT


@pytest.mark.process
def test_the_whole_load_is_recorded(tmp_path: Path) -> None:
    words = [
        sys.executable,
        str(ROOT / "main.py"),
        "bench",
        "record",
        "--seconds",
        "1",
        "--data",
        str(tmp_path),
        "--json",
    ]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    found = json.loads(answer.stdout.splitlines()[-1])
    pictures = [topic for topic in found["samples"] if topic.endswith("/color")]
    assert len(pictures) == 4
    assert found["samples"]["arm/joints"] > 3.5 * found["samples"]["finger/wrench"]
    for key in ("cpu", "mb_per_s", "commit_s", "rss_mb", "episode_mb"):
        assert found[key] > 0, key
    assert found["dropped"] >= 0
    assert not list(tmp_path.iterdir())


def test_a_peer_that_cannot_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be run"):
        run_peer(str(tmp_path / "no-python"), tmp_path, {}, 1.0)
    with pytest.raises(UsageError, match="recorder failed there"):
        run_peer(sys.executable, tmp_path, {}, 1.0)


def test_the_table_has_both() -> None:
    ours = {"seconds": 2.0, "dropped": 0, "cpu": 0.1, "mb_per_s": 9.0, "commit_s": 0.5, "rss_mb": 100.0}
    peer = {f"peer_{key}": value for key, value in ours.items()}
    text = table(
        {**ours, **peer, "samples": {"arm/joints": 2000}, "peer_version": "0.4.4", "peer_rate_hz": 30.0}
    )
    assert "LeRobot 0.4.4" in text
    assert "1000.0" in text
