"""Training on a Ray cluster of two workers here: a worker ended by SIGKILL, and a run stopped and resumed on it.

The losses have to be those of a Ray run that nothing broke. Needs the extra `ray`.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.core.link.hub import MAIN
from app.learning import checkpoint
from tests.app.learning.contact import write_episode
from tests.app.learning.filmed import write_filmed
from tests.hygiene import wait_until

pytestmark = [
    pytest.mark.soak,
    pytest.mark.process,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason='needs Ray: .venv/bin/pip install ".[ray]"'
    ),
]

STEPS = 300
CLUSTER = ("--ray", "local", "--workers", "2", "--save-every", "0.1")
POLICIES = {
    "rdp": ("--policy", "rdp"),
    "flow with a camera": ("--policy", "flow", "--cameras", "scene", "--picture", "16"),
}
LIMIT_S = 900.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a folder of three episodes for each policy."""
    folders = {name: tmp_path_factory.mktemp("data") for name in POLICIES}
    for seed in range(3):
        write_episode(folders["rdp"], seed)
        write_filmed(folders["flow with a camera"], seed)
    return folders


@contextmanager
def training(run: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run `train` on a cluster of its own; it is asked to stop if the test fails meanwhile."""
    command = [sys.executable, str(MAIN), "train", *words, *CLUSTER, "--out", str(run), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for the end of a run; returns its result."""
    told, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, told
    result: dict[str, Any] = json.loads(told.strip().splitlines()[-1])
    return result


def rows(run: Path) -> list[tuple[str, int, float]]:
    """Return the stages, steps and losses that the run wrote."""
    with (run / checkpoint.LOSSES).open(newline="") as stream:
        return [(row["stage"], int(row["step"]), float(row["loss"])) for row in csv.DictReader(stream)]


def same(run: Path, unbroken: Path) -> None:
    """Assert that two runs have the same losses."""
    assert len(rows(unbroken)) > 5
    for mine, whole in zip(rows(run), rows(unbroken), strict=True):
        assert mine[:2] == whole[:2]
        assert mine[2] == pytest.approx(whole[2], abs=1e-6), mine


def workers_of(parent: int) -> list[int]:
    """Return the ids of the training workers among the descendants of a process."""
    parents, titles = dict[int, int](), dict[int, str]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                titles[int(entry.name)] = (entry / "cmdline").read_text(errors="replace")
            except OSError:
                continue  # it has ended meanwhile
    found = []
    for pid, title in titles.items():
        above = pid
        while above in parents and above != parent:
            above = parents[above]
        if above == parent and "RayTrainWorker" in title:
            found.append(pid)
    return sorted(found)


def begun(run: Path) -> bool:
    """Return whether there is a checkpoint of a run that is not finished."""
    return (run / checkpoint.CONFIG).is_file() and not checkpoint.read_config(run).finished


@pytest.mark.parametrize("name", POLICIES)
def test_broken_runs_on_ray_have_the_losses_of_an_unbroken_one(
    name: str, data: dict[str, Path], tmp_path: Path
) -> None:
    whole, killed, stopped = (tmp_path / folder for folder in ("whole", "killed", "stopped"))
    words = (str(data[name]), *POLICIES[name], "--steps", str(STEPS), "--batch", "8")
    with training(whole, *words) as process:
        told = result_of(process)
        assert told["finished"]
        assert told["workers"] == 2

    with training(killed, *words) as process:
        wait_until(lambda: begun(killed), LIMIT_S, "a checkpoint")
        workers = workers_of(process.pid)
        assert len(workers) == 2
        os.kill(workers[-1], signal.SIGKILL)
        assert not checkpoint.read_config(killed).finished, "it was killed too late to tell anything"
        assert result_of(process)["finished"]
    same(killed, whole)

    with training(stopped, *words) as process:
        wait_until(lambda: begun(stopped), LIMIT_S, "a checkpoint")
        process.terminate()
        assert not result_of(process)["finished"]
    with training(stopped, "--resume") as process:
        assert result_of(process)["finished"]
    same(stopped, whole)
