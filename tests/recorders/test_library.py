"""The catalogue says what the files say, however it was lost, and bad files are rows with a reason."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from app.core.errors import EpisodeError
from recorders.commit import commit
from recorders.library import find_episode, list_episodes
from recorders.reader import EpisodeFile
from tests.recorders.fake_device import PERIOD_NS, Signals
from tests.recorders.takes import make_episode, write_journal


def test_rows_tell_what_a_person_wants_to_know(tmp_path: Path) -> None:
    path = make_episode(
        tmp_path, 50, task="wipe", operator="script", seed=4, condition="moved", score=0.9, instruction="wipe it",
        provenance={"parent": "p"},
    )  # fmt: skip
    (row,) = list_episodes(tmp_path)
    assert (row.uuid, row.path, row.outcome, row.task) == (path.stem, str(path), "success", "wipe")
    assert (row.operator, row.seed, row.condition, row.score) == ("script", 4, "moved", 0.9)
    assert (row.instruction, row.provenance, row.dropped, row.recovered) == (
        "wipe it",
        {"parent": "p"},
        0,
        False,
    )
    assert row.seconds == pytest.approx(0.98)
    assert row.peak_force_n is not None
    assert row.peak_force_n > 0
    assert "arm/joints" in row.topics
    assert find_episode(tmp_path, row.uuid) == row
    with pytest.raises(EpisodeError, match="not in"):
        find_episode(tmp_path, "other")


@pytest.mark.parametrize("damage", ["missing", "truncated", "noise", "flipped", "older", "foreign table"])
def test_a_lost_catalogue_is_made_again_with_the_same_content(tmp_path: Path, damage: str) -> None:
    for periods in (5, 10, 15):
        make_episode(tmp_path, periods)
    before = list_episodes(tmp_path)
    file = tmp_path / "catalogue.sqlite"
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "noise":
        file.write_bytes(b"not a database" * 100)
    elif damage == "flipped":
        file.write_bytes(content[:4096] + bytes(b ^ 0x55 for b in content[4096:]))
    else:
        with sqlite3.connect(file) as database:
            if damage == "older":
                database.execute("PRAGMA user_version = 99")
            else:
                database.execute("DROP TABLE episodes")
                database.execute("CREATE TABLE episodes (something TEXT)")
        database.close()
    assert list_episodes(tmp_path) == before
    assert list_episodes(tmp_path) == before


def resolve(folder: Path) -> dict[str, str]:
    """Return the digest of the first picture of each episode, as the list resolves it."""
    found = {}
    for row in list_episodes(folder):
        with EpisodeFile(row.path) as episode:
            assert episode.uuid == row.uuid
            found[row.uuid] = hashlib.sha256(episode.picture("scene/color", 0)).hexdigest()
    return found


def test_no_damage_of_the_index_gives_an_episode_the_video_of_another(tmp_path: Path) -> None:
    """D10: cut anywhere, bytes changed anywhere, rows swapped."""
    for number in range(3):
        signals = Signals()
        signals.seq["scene/color"] = 10 * number  # the pictures are drawn from that
        messages = [message for i in range(1, 7) for message in signals.next_period(i * PERIOD_NS)]
        commit(tmp_path, write_journal(tmp_path, messages)[0])
    rows, pictures = list_episodes(tmp_path), resolve(tmp_path)
    file, chance = tmp_path / "catalogue.sqlite", random.Random(9)
    whole = file.read_bytes()
    for _ in range(20):
        damaged = bytearray(whole)
        if chance.random() < 0.3:
            damaged = damaged[: chance.randrange(len(damaged))]
        else:
            for _ in range(chance.choice((1, 30))):
                damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        assert list_episodes(tmp_path) == rows
    with sqlite3.connect(file) as database:
        texts = [row for (row,) in database.execute("SELECT row FROM episodes ORDER BY name")]
        names = [name for (name,) in database.execute("SELECT name FROM episodes ORDER BY name")]
        for name, text in zip(names, texts[1:] + texts[:1], strict=True):
            database.execute("UPDATE episodes SET row = ? WHERE name = ?", (text, name))
    database.close()
    assert list_episodes(tmp_path) == rows
    assert resolve(tmp_path) == pictures
    assert len(set(pictures.values())) == 3


def test_new_changed_and_deleted_files_are_seen(tmp_path: Path) -> None:
    first = make_episode(tmp_path, 5)
    assert len(list_episodes(tmp_path)) == 1
    second = make_episode(tmp_path, 5)
    assert {row.uuid for row in list_episodes(tmp_path)} == {first.stem, second.stem}
    first.unlink()
    second.write_bytes(second.read_bytes()[:-20_000])
    (row,) = list_episodes(tmp_path)
    assert (row.uuid, row.outcome) == (second.stem, "")
    assert str(second) in row.broken


def test_broken_and_foreign_files_are_rows(tmp_path: Path) -> None:
    good = make_episode(tmp_path, 5)
    (tmp_path / "episodes" / "empty.h5").touch()
    (tmp_path / "foreign.hdf5").write_bytes(b"PK\x03\x04")
    (tmp_path / "episodes" / ".hidden.h5.part").write_bytes(b"half")
    rows = {row.uuid: row.broken for row in list_episodes(tmp_path)}
    assert set(rows) == {good.stem, "empty", "foreign"}
    assert not rows[good.stem]
    assert "the file is empty" in rows["empty"]
    assert "no HDF5 file" in rows["foreign"]


def test_a_moved_folder_tells_its_new_place(tmp_path: Path) -> None:
    make_episode(tmp_path / "old", 5)
    list_episodes(tmp_path / "old")
    shutil.move(tmp_path / "old", tmp_path / "new")
    (row,) = list_episodes(tmp_path / "new")
    assert Path(row.path).is_file()
    assert "/new/" in row.path


def test_a_catalogue_that_is_in_use_is_waited_for_or_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorders.catalogue._LOCK_WAIT_S", 0.05)
    make_episode(tmp_path, 5)
    before = list_episodes(tmp_path)
    make_episode(tmp_path, 6)
    database = sqlite3.connect(tmp_path / "catalogue.sqlite", isolation_level=None)
    try:
        database.execute("BEGIN EXCLUSIVE")
        rows = list_episodes(tmp_path)
    finally:
        database.close()
    assert len(rows) == 2
    assert before[0] in rows


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EpisodeError, match="no such folder"):
        list_episodes(tmp_path / "nowhere")
    os.mkdir(tmp_path / "empty")
    assert list_episodes(tmp_path / "empty") == []
