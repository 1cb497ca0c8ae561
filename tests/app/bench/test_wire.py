"""`bench wire` measures what it says, end to end: a short run with real children."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from app.bench.summary import summarize
from app.core.errors import DeviceError
from tests.contracts.sources import ROOT

PARTS = ("command", "bare_command", "frame", "bare_frame", "jitter", "sample_age", "input_to_governor")


@pytest.mark.process
def test_every_figure_is_there_and_of_its_order() -> None:
    words = [sys.executable, str(ROOT / "main.py"), "bench", "wire", "--seconds", "0.6", "--json"]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    result = json.loads(answer.stdout.splitlines()[-1])
    for part in PARTS:
        assert 0 < result[f"{part}_p50_ms"] <= result[f"{part}_p99_ms"] <= result[f"{part}_max_ms"], part
        assert result[f"{part}_count"] >= 5, part
    for name in ("command", "frame"):
        measured = result[f"{name}_p99_ms"] / result[f"bare_{name}_p99_ms"]
        assert result[f"{name}_p99_ratio"] == pytest.approx(measured, rel=0.01)
    assert result["frame_p50_ms"] > result["command_p50_ms"]  # 900 kB take longer than 200 bytes


def test_percentiles_are_those_of_the_values_and_nothing_is_not_measured() -> None:
    found = summarize("x", [float(value) for value in range(101)])
    assert found == {"x_p50_ms": 50.0, "x_p99_ms": 99.0, "x_max_ms": 100.0, "x_count": 101}
    with pytest.raises(DeviceError, match="nothing came"):
        summarize("x", [])
