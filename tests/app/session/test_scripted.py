"""Collecting by a script in lock-step, and what wrong words are answered: no deadline of real time is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.wire.messages import SOURCES
from recorders.reader import EpisodeFile
from tests.roles import role

pytestmark = pytest.mark.process


def test_scripted_takes_are_kept_with_what_was_commanded_applied_and_felt(tmp_path: Path) -> None:
    status, result = role(
        "collect", "--operator", "script", "--episodes", "2", "--seed", "4", "--data", str(tmp_path), "--fast"
    )
    assert status == 0
    assert result["kept"] == 2
    assert result["dropped"] == 0
    assert len(result["files"]) == 2
    with EpisodeFile(result["files"][0]) as episode:
        assert episode.attributes["outcome"] == "success"
        assert episode.attributes["seed"] == 4
        assert episode.attributes["instruction"]
        periods = len(episode.data("bench/tick"))
        assert len(episode.data("arm/commanded")) >= periods - 2
        assert len(episode.data("arm/applied")) == pytest.approx(5 * periods, abs=10)
        sources = {SOURCES[index] for index in np.unique(episode.data("arm/source"))}
        assert "operator" in sources
        assert episode.data("finger/wrench")[:, 2].min() < -4.0
        assert episode.data("task/score")[-1, 0] == pytest.approx(result["kept_scores"][0])
        for topic in episode.topics:
            assert np.all(np.diff(episode.times_ns(topic)) >= 0), topic


def test_the_blind_script_fails_where_the_feeling_one_succeeds_and_its_takes_stay_marked(
    tmp_path: Path,
) -> None:
    status, result = role(
        "collect", "--operator", "blind", "--episodes", "2", "--data", str(tmp_path), "--fast"
    )
    assert status == 1  # not enough to keep
    assert result["discarded"] >= 4
    _, listing = role("episodes", str(tmp_path))
    assert listing["episodes"] == result["kept"] + result["discarded"]
    assert listing["broken"] == 0


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("collect", "--rig", "sim/wype"), 1, "sim/wipe"),
        (("collect", "--episodes", "0"), 2, "1 or more"),
        (("collect", "--operator", "hand", "--fast"), 2, "main.py"),
        (("deploy",), 2, "--baseline"),
        (("deploy", "--baseline", "replay"), 2, "--episode"),
        (("augment", "/nowhere/at/all", "--out", "/tmp/nothing"), 1, "/nowhere/at/all"),
    ],
)
def test_wrong_usage_is_answered_with_the_way_out(words: tuple[str, ...], status: int, told: str) -> None:
    got, result = role(*words)
    assert got == status
    assert told in result["error"]
