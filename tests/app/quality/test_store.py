"""The role and its store: once per version of a file, whatever happened to the store, and broken files stop nothing."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.link.hub import MAIN
from app.review.answers import Answers
from app.review.arrays import unpack
from recorders.labels import change_labels
from recorders.library import list_episodes
from recorders.measures import Measured, MeasureStore, quality_marks
from tests.app.quality.planted import START_NS, make_take

KEPT = Measured("u", "v1", {"length_s": 1.0})


def run(folder: Path, *words: str, status: int = 0) -> dict[str, Any]:
    command = [sys.executable, str(MAIN), "quality", str(folder), "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == status, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.process
def test_each_episode_is_measured_once_and_what_changed_again(tmp_path: Path) -> None:
    for seed, defect in enumerate(("", "spike", "")):
        make_take(tmp_path, defect, 5.0, seed)
    broken = tmp_path / "episodes" / "broken.h5"
    broken.write_bytes(b"no episode at all")
    first = run(tmp_path, "--watch", "2", "--csv", str(tmp_path / "table.csv"))
    assert (first["episodes"], first["measured"], first["unreadable"]) == (4, 4, 1)
    assert first["flags"] == {"spike": 1, "unreadable": 1}
    assert [item["kinds"] for item in first["watch"]] == [["unreadable"], ["spike"]]
    assert first["tq"] == 1.0
    with (tmp_path / "table.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert len(table) == 4
    assert sorted(row["flags"] for row in table) == ["", "", "spike", "unreadable"]
    assert float(next(row for row in table if row["flags"] == "spike")["length_s [s]"]) == pytest.approx(5.0)

    again = run(tmp_path)
    assert (again["measured"], again["known"], again["flags"]) == (0, 4, first["flags"])
    spiked = first["watch"][1]["uuid"]
    change_labels(tmp_path, spiked, {"trim_end_ns": START_NS + 2_500_000_000})
    broken.unlink()
    trimmed = run(tmp_path)
    assert (trimmed["episodes"], trimmed["measured"], trimmed["flags"]) == (3, 1, {})


@pytest.mark.process
def test_wrong_words_and_no_folder_are_explained(tmp_path: Path) -> None:
    assert "--watch" in run(tmp_path, "--watch", "0", status=2)["error"]
    assert "--best" in run(tmp_path, "--best", "0", status=2)["error"]
    assert "no such folder" in run(tmp_path / "nothing", status=1)["error"]


def keep(folder: Path) -> None:
    with MeasureStore(folder) as store:
        store.put(KEPT, np.array([3, 1], np.int64))
        store.put_about("watch", [{"uuid": "u"}])


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    keep(tmp_path)
    with MeasureStore(tmp_path) as store:
        assert store.all() == {"u": KEPT}
        assert store.one("u") == KEPT
        assert store.one("w") is None
        assert store.visits()["u"].tolist() == [3, 1]
        assert store.about("watch") == [{"uuid": "u"}]
        assert store.rebuilt == ""
        store.keep_only(set())
    with MeasureStore(tmp_path) as store:
        assert store.all() == {}


@pytest.mark.parametrize("damage", ["truncated", "noise", "flipped", "older", "row"])
def test_a_damaged_store_begins_anew_and_says_so(tmp_path: Path, damage: str) -> None:
    keep(tmp_path)
    file = tmp_path / "quality.sqlite"
    content = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "noise":
        file.write_bytes(b"not a database" * 100)
    elif damage == "flipped":
        file.write_bytes(content[:4096] + bytes(b ^ 0x55 for b in content[4096:]))
    else:
        with sqlite3.connect(file) as database:
            database.execute(
                "PRAGMA user_version = 99" if damage == "older" else "UPDATE measured SET row = x'00'"
            )
        database.close()
    with MeasureStore(tmp_path, read_only=True) as store:
        assert store.all() == {}
    with MeasureStore(tmp_path) as store:
        assert store.rebuilt
        assert store.all() == {}
    keep(tmp_path)
    with MeasureStore(tmp_path) as store:
        assert store.all() == {"u": KEPT}


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with MeasureStore(tmp_path, read_only=True) as store:
        assert store.all() == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_the_reader_tells_what_was_measured(tmp_path: Path) -> None:
    make_take(tmp_path, "spike", 5.0, condition="moved")
    make_take(tmp_path, "", 5.0, operator="ben")
    answers = Answers(tmp_path)
    rows = list_episodes(tmp_path)
    assert answers.answer("watch", {}) == {"watch": [], "measured": 0, "unmeasured": 2}
    assert not answers.answer("quality", {"episode": rows[0].uuid})["measured"]
    assert answers.answer("statistics", {})["unmeasured"] == 2
    run(tmp_path)
    assert answers.answer("watch", {})["unmeasured"] == 0
    (item,) = answers.answer("watch", {})["watch"]
    about = answers.answer("quality", {"episode": item["uuid"]})
    assert [flag["kind"] for flag in about["flags"]] == ["spike"]
    assert not about["stale"]
    assert about["flags"][0]["start_ns"] == item["place_ns"]
    found = answers.answer("statistics", {})
    assert sorted(found["words"]["operator"]) == ["ada", "ben"]
    assert np.allclose(unpack(found["numbers"]["length_s"]), 5.0)
    assert found["set"]["tq"] == 1.0
    assert len(found["set"]["course"]) == 2
    measured = quality_marks(tmp_path)
    assert measured[item["uuid"]].doubts == ("spike",)
    assert measured[item["uuid"]].measures["length_s"] == pytest.approx(5.0)
    change_labels(tmp_path, item["uuid"], {"trim_end_ns": START_NS + 2_500_000_000})
    assert answers.answer("watch", {})["unmeasured"] == 1
    assert answers.answer("quality", {"episode": item["uuid"]})["stale"]
    answers.close()
