"""The roles `train` and `policy` as a person starts them, on episodes that the recorder's own code wrote."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.errors import UsageError
from app.core.link.hub import MAIN, Hub
from app.core.wire.messages import Event
from app.learning import checkpoint, train
from recorders.labels import change_labels
from tests.app.learning.contact import PERIOD_NS, write_episode
from tests.hygiene import wait_until
from tests.roles import role

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder: five successes, one of them trimmed, and a failure."""
    folder = tmp_path_factory.mktemp("data")
    for seed in range(5):
        path = write_episode(folder, seed)
    change_labels(folder, path.stem, {"trim_end_ns": 20 * PERIOD_NS})
    write_episode(folder, 9, "failure")
    return folder


def test_train_uses_kept_successes_with_their_trims(folder: Path, tmp_path: Path) -> None:
    status, result = role(
        "train", str(folder), "--steps", "20", "--out", str(tmp_path / "run"), "--batch", "8"
    )
    assert status == 0
    assert result["run"] == str(tmp_path / "run")
    assert result["steps"] == 20
    assert result["episodes"] == 5
    config = checkpoint.read_config(tmp_path / "run")
    assert config.rig == "test/board"
    assert 15 < min(source.ticks for source in config.episodes) <= 21
    assert len({source.sha256 for source in config.episodes}) == 5
    assert sum(source.validation for source in config.episodes) == 1


@pytest.mark.parametrize("policy", ["diffusion", "flow", "streaming"])
def test_train_makes_a_checkpoint_of_each_policy(folder: Path, tmp_path: Path, policy: str) -> None:
    run = tmp_path / "run"
    words = ["train", str(folder), "--policy", policy, "--steps", "5", "--batch", "8", "--out", str(run)]
    status, result = role(*words)
    assert (status, result["steps"], result["finished"]) == (0, 5, True)
    config = checkpoint.read_config(run)
    assert (config.policy, config.rdp, config.stages) == (policy, None, ("planner",))
    assert checkpoint.load_policy(run, config).grid == config.settings.grid


def test_train_refuses_what_it_cannot_use(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no kept success" in role("train", str(empty), "--out", str(tmp_path / "a"))[1]["error"]
    assert "no such folder" in role("train", str(tmp_path / "x"), "--out", str(tmp_path / "a"))[1]["error"]
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text("{}")
    assert "holds a run already" in role("train", str(folder), "--out", str(run))[1]["error"]


@pytest.mark.parametrize(
    "words",
    [["--resume"], ["--steps", "1"], ["--batch", "0"], ["--tokenizer-share", "1"], ["--touch-dropout", "1"]],
)
def test_arguments_that_make_no_sense_are_refused(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    with pytest.raises(UsageError, match=words[0]):
        train.check(parser.parse_args(words))


def test_a_run_is_stopped_by_its_parent_and_resumed(folder: Path, tmp_path: Path) -> None:
    run, heard = tmp_path / "run", list[Event]()
    words = ["train", str(folder), "--steps", "300", "--out", str(run), "--batch", "16"]
    with Hub(lambda _child, event: heard.append(event)) as hub:
        child = hub.start(*words)
        wait_for(hub, heard, "progress")
        hub.intent(child, "stop")
        wait_for(hub, heard, "bye")
    told = [event.body for event in heard if event.kind == "progress"]
    assert told[0].keys() >= {"stage", "step", "steps", "loss", "val_loss", "lr", "seconds_left"}
    assert told[0]["steps"] == 300
    at = checkpoint.read_config(run)
    assert not at.finished
    assert role("train", "--steps", "301", "--out", str(run), "--resume")[0] == 2
    status, result = role("train", "--out", str(run), "--resume")
    assert (status, result["steps"], result["finished"]) == (0, 300, True)
    assert "it is finished" in role("train", "--out", str(run), "--resume")[1]["error"]


def wait_for(hub: Hub, heard: list[Event], kind: str) -> None:
    def came() -> bool:
        hub.poll(20)
        return any(event.kind == kind for event in heard)

    wait_until(came, 60.0, f"an event {kind!r}")


def rows_in(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_sigterm_leaves_a_checkpoint(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [
        sys.executable,
        str(MAIN),
        "train",
        str(folder),
        "--steps",
        "100000",
        "--out",
        str(run),
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        wait_until(lambda: rows_in(run / "losses.csv") > 1, 60.0, "the first rows")
        child.send_signal(signal.SIGTERM)
        output, _ = child.communicate(timeout=60)
    result = json.loads(output.strip().splitlines()[-1])
    assert child.returncode == 0
    assert not result["finished"]
    assert checkpoint.read_config(run).step == result["steps"] > 0


def test_policy_refuses_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    status, result = role("policy", str(tmp_path), "--connect", "tcp://127.0.0.1:1,tcp://127.0.0.1:2")
    assert status == 1
    assert "has no config.json" in result["error"]


def test_train_names_the_files_that_it_leaves_out_and_a_folder_it_cannot_write(
    folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    (data / "episodes" / "letter.h5").write_text("not HDF5\n" * 20)
    words = [sys.executable, str(MAIN), "train", str(data), "--steps", "2", "--batch", "8", "--json", "--out"]
    answer = subprocess.run([*words, str(tmp_path / "run")], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "Left out: episode" in answer.stderr
    assert "letter.h5: it is no HDF5 file" in answer.stderr
    (tmp_path / "file").write_text("in the way")
    answer = subprocess.run(
        [*words, str(tmp_path / "file" / "run")], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert "the folder cannot be written (Not a directory)" in json.loads(answer.stdout)["error"]
