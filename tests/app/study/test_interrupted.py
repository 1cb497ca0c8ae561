"""A study that is interrupted and resumed gives the table of the unbroken one. Minutes, so in `make soak`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.core.link.hub import MAIN
from tests.hygiene import wait_until
from tests.roles import role

WORDS = ("study", "reactive", "--form", "tiny", "--jobs", "1")


def table(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "table.json").read_text())
    return found


@pytest.mark.soak
@pytest.mark.process
def test_interrupted_and_resumed_gives_the_same_table(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    status, told = role(*WORDS, "--out", str(whole))
    assert (status, told["complete"], told["left"]) == (0, True, [])

    status, told = role(*WORDS, "--out", str(broken), "--plan")
    assert (status, told["done"], len(told["left"])) == (0, 0, told["stages"])
    first = (broken / "plan.json").read_bytes()
    command = [sys.executable, str(MAIN), *WORDS, "--out", str(broken), "--json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        wait_until(lambda: any((broken / "runs").glob("*/losses.csv")), 200.0, "a training that runs")
        child.send_signal(signal.SIGTERM)
        assert child.wait(60.0) == 0
    assert table(broken)["complete"] is False
    assert "not run" in (broken / "table.md").read_text()
    status, told = role(*WORDS, "--out", str(broken), "--minutes", "0.05")
    assert (status, told["complete"]) == (0, False)
    assert told["minutes_left"] > 0.0
    status, told = role(*WORDS, "--out", str(broken))
    assert (status, told["complete"]) == (0, True)
    assert (broken / "plan.json").read_bytes() == first
    assert table(broken) == table(whole)
    status, told = role(*WORDS, "--out", str(broken), "--form", "cpu")
    assert status == 1
    assert "another plan" in told["error"]
