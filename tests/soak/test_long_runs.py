"""Minutes of work with nothing lost and nothing growing. Left out of `make test`; run by `make soak`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.core.wire.client import DeviceClient, Endpoints
from tests.contracts.sources import ROOT
from tests.hygiene import wait_until

pytestmark = [pytest.mark.soak, pytest.mark.process]
PYTHON = [sys.executable, str(ROOT / "main.py")]
BENCH_S = 180.0
SETTLED_S = 30.0
GROWTH_BYTES = 30_000_000
EPISODES = 40


def memory_of_children(pid: int) -> int:
    """Return the resident bytes of the processes that `pid` started."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in path.read_text().splitlines())
        except OSError:
            continue  # it ended while being looked at
        if int(lines["PPid"]) == pid and "VmRSS" in lines:
            total += int(lines["VmRSS"].split()[0]) * 1024
    return total


def test_bench_in_real_time_loses_nothing_and_does_not_grow(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("w") as errors:
        server = subprocess.Popen([*PYTHON, "serve", "--rig", "sim/wipe"], stderr=errors)
    try:
        wait_until(lambda: "--connect" in said.read_text() or server.poll() is not None, 60.0, "the bench")
        address = next(
            line for line in said.read_text().splitlines() if line.startswith("--connect")
        ).split()[1]
        gaps, settled, late = listen(Endpoints.parse(address), server.pid)
    finally:
        server.terminate()
        server.wait(timeout=60)
    assert gaps == []
    assert late - settled < GROWTH_BYTES, f"{settled} bytes after {SETTLED_S:g} s, {late} after {BENCH_S:g} s"


def listen(endpoints: Endpoints, pid: int) -> tuple[list[str], int, int]:
    """Hear every stream for `BENCH_S`; returns the gaps, and the memory early and late."""
    expected: dict[bytes, int] = {}
    gaps: list[str] = []
    settled = 0
    began = time.monotonic()
    with DeviceClient(endpoints) as client:
        client.subscribe()
        while time.monotonic() - began < BENCH_S:
            for topic, header, _ in client.receive(200):
                if expected.get(topic, header.seq) != header.seq:
                    gaps.append(f"{topic.decode()}: {expected[topic]} was due, {header.seq} came")
                expected[topic] = header.seq + header.count
            if not settled and time.monotonic() - began > SETTLED_S:
                settled = memory_of_children(pid)
    assert len(expected) >= 4, f"only {sorted(expected)} were heard"
    return gaps, settled, memory_of_children(pid)


def test_many_episodes_are_all_whole(tmp_path: Path) -> None:
    words = [
        "collect",
        "--episodes",
        str(EPISODES),
        "--seed",
        "0",
        "--fast",
        "--data",
        str(tmp_path),
        "--json",
    ]
    collected = ask(*words)
    assert collected["kept"] == EPISODES
    assert collected["dropped"] == 0
    listed = ask("episodes", str(tmp_path), "--verify", "--json")
    assert listed["broken"] == 0
    assert listed["ok"] >= EPISODES


def ask(*words: str) -> dict[str, int]:
    """Run a role to its end and return its JSON object."""
    answer = subprocess.run([*PYTHON, *words], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    result: dict[str, int] = json.loads(answer.stdout.splitlines()[-1])
    return result
