"""Augmentation and baselines for real: recorded motion, perturbed, replayed in the simulator, judged by the task."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from recorders.labels import change_labels
from recorders.library import list_episodes
from recorders.parts import split_episode
from recorders.reader import EpisodeFile
from tests.roles import role

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    status, result = role(
        "collect", "--operator", "script", "--episodes", "2", "--data", str(folder), "--fast"
    )
    assert status == 0, result
    return folder


def test_successes_are_kept_failures_are_marked_and_both_name_their_parent(
    shown: Path, tmp_path: Path
) -> None:
    words = ("augment", str(shown), "--recipe", "pulse", "--attempts", "5", "--seed", "3", "--normal-mm", "5")
    status, result = role(*words, "--out", str(tmp_path))
    assert status == 0
    assert result["attempts"] == 5
    assert result["kept"] + result["failed"] == 5
    parents = {row.uuid for row in list_episodes(shown)}
    rows = list_episodes(tmp_path)
    assert len(rows) == 5
    assert sum(row.outcome == "success" for row in rows) == result["kept"]
    for row in rows:
        with EpisodeFile(row.path) as episode:
            provenance = episode.attributes["provenance"]
            assert provenance["parent"] in parents
            assert provenance["recipe"] == "pulse"
            assert (episode.attributes["score"] >= 0.9) == (episode.attributes["outcome"] == "success")


def test_a_preview_returns_the_paths_and_replays_nothing(shown: Path, tmp_path: Path) -> None:
    status, result = role(
        "augment", str(shown), "--attempts", "4", "--out", str(tmp_path / "none"), "--preview"
    )
    assert status == 0
    assert len(result["paths"]) == 4
    assert not (tmp_path / "none").exists()


def place(path: str, t_ns: int) -> np.ndarray:
    with EpisodeFile(path) as episode:
        at = int(np.searchsorted(episode.times_ns("arm/applied"), t_ns))
        return np.asarray(episode.data("arm/applied")[at, :3])


def test_a_part_is_replayed_from_the_start_and_begins_where_the_part_does(
    shown: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "split", tmp_path / "out"
    shutil.copytree(shown, folder)
    first, second = list_episodes(folder)
    change_labels(folder, second.uuid, {"rejected": True})
    split_episode(folder, first.uuid, (2 * first.start_ns + first.end_ns) // 3)
    before, part = (row for row in list_episodes(folder) if row.part_of)
    change_labels(folder, before.uuid, {"rejected": True})
    words = ("augment", str(folder), "--attempts", "1", "--lateral-mm", "0", "--normal-mm", "0")
    status, result = role(*words, "--out", str(out))
    assert status == 0, result
    (row,) = list_episodes(out)
    assert row.provenance is not None
    assert row.provenance["part_of"] == first.uuid
    assert row.span_ns[0] - row.start_ns == pytest.approx(part.start_ns - first.start_ns, abs=60_000_000)
    there = place(part.path, part.start_ns)
    assert place(row.path, row.span_ns[0]) == pytest.approx(there, abs=2e-3)
    assert np.linalg.norm(place(row.path, row.start_ns) - there) > 0.01


def test_a_replay_repeats_its_demonstration_and_idleness_scores_nothing(shown: Path, tmp_path: Path) -> None:
    best = max(list_episodes(shown), key=lambda row: row.score or 0.0)
    words = ("deploy", "--episodes", "1", "--seed", str(best.seed), "--fast")
    status, replayed = role(
        *words, "--baseline", "replay", "--episode", str(best.path), "--data", str(tmp_path / "a")
    )
    assert status == 0
    assert replayed["mean_score"] >= (best.score or 0.0) - 0.1  # its own board, its own motion
    status, idle = role(*words, "--baseline", "idle", "--limit", "2", "--data", str(tmp_path / "b"))
    assert status == 0
    assert idle["mean_score"] == 0.0
    assert idle["low"] <= idle["mean_score"] <= idle["high"]
