"""What must be true before a policy drives."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.deploy import preflight as module
from app.deploy.preflight import Verdict, hindrance, preflight
from app.learning.runs import RunRow


@pytest.fixture
def run(tmp_path: Path) -> RunRow:
    folder = tmp_path / "good"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"")
    return RunRow("good", str(folder), "rdp", "sim/wipe", "wipe", True, 100, 100, 0, 5)


def test_everything_in_order(run: RunRow, tmp_path: Path) -> None:
    lines = preflight(run, "sim/wipe", True, "", tmp_path)
    assert [line.name for line in lines] == ["Checkpoint", "Same rig", "Rig", "Arm", "Disk"]
    assert {line.verdict for line in lines} == {Verdict.GOOD}
    assert hindrance(lines) == ""


def test_no_run(tmp_path: Path) -> None:
    assert hindrance(preflight(None, "sim/wipe", True, "", tmp_path)) == (
        "There is no run to deploy: train one in Train (Ctrl+4)."
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"finished": False, "step": 40}, "good was stopped at 40 of 100: resume it in Train (Ctrl+4)."),
        ({"problem": "config.json cannot be read"}, "good cannot be used: config.json cannot be read."),
        ({"rig": "real/arm"}, "It was trained on real/arm; this window has sim/wipe: choose another run."),
    ],
)
def test_a_run_that_does_not_fit(run: RunRow, tmp_path: Path, changes: dict[str, object], words: str) -> None:
    assert (
        hindrance(preflight(msgspec.structs.replace(run, **changes), "sim/wipe", True, "", tmp_path)) == words
    )


def test_missing_weights_and_a_full_disk(
    run: RunRow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(run.path) / "weights.safetensors").unlink()
    assert "lacks weights.safetensors" in hindrance(preflight(run, "sim/wipe", True, "", tmp_path))
    (Path(run.path) / "weights.safetensors").write_bytes(b"")
    monkeypatch.setattr(module, "LEAST_FREE_BYTES", 10**18)
    assert "make room first" in hindrance(preflight(run, "sim/wipe", True, "", tmp_path))


def test_what_go_sees_to_itself_is_only_noted(run: RunRow, tmp_path: Path) -> None:
    lines = {line.name: line for line in preflight(run, "sim/wipe", False, "collect", tmp_path)}
    assert lines["Rig"].verdict is Verdict.NOTE
    assert lines["Arm"].words == "Collect has it: Go ends that first"
    assert hindrance(list(lines.values())) == ""
