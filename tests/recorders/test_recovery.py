"""What a dead recorder leaves becomes episodes by itself; nothing is deleted that could not be read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.ids import new_uuid
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.library import list_episodes
from recorders.reader import EpisodeFile
from recorders.recovery import recover
from tests.contracts.sources import ROOT
from tests.recorders.takes import make_messages, take_record, write_journal


def test_orphans_become_episodes_once(tmp_path: Path) -> None:
    for periods in (10, 20):
        write_journal(tmp_path, make_messages(periods), outcome=None, seed=periods)
    found = recover(tmp_path)
    assert len(found.files) == len(found.notices) == 2
    assert "recovered 0.2 s" in found.notices[0]
    assert not found.problems
    assert {(row.seed, row.recovered, row.outcome) for row in list_episodes(tmp_path)} == {
        (10, True, "failure"),
        (20, True, "failure"),
    }
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("episodes/*")}
    again = recover(tmp_path)
    assert (again.files, again.notices, again.problems) == ([], [], [])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("episodes/*")} == before


def test_a_cut_take_says_what_is_unknown(tmp_path: Path) -> None:
    journal, synced = write_journal(tmp_path, make_messages(40), outcome=None)
    os.truncate(journal, synced[-2][0] + 500)
    recover(tmp_path)
    (row,) = list_episodes(tmp_path)
    with EpisodeFile(row.path) as episode:
        assert episode.attributes["tail_bytes_lost"] == 500
        assert "may be missing at the end" in episode.attributes["text"]


def test_a_take_without_samples_leaves_nothing(tmp_path: Path) -> None:
    JournalWriter(journal_path(tmp_path, new_uuid()), take_record(new_uuid())).abandon()
    journal_path(tmp_path, new_uuid()).write_bytes(b"")
    found = recover(tmp_path)
    assert not found.files
    assert len(found.notices) == 2
    assert not list((tmp_path / "journals").iterdir())


def test_what_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    journal, synced = write_journal(tmp_path, make_messages(40))
    content = bytearray(journal.read_bytes())
    content[(synced[2][0] + synced[3][0]) // 2] ^= 1
    journal.write_bytes(content)
    noise = journal_path(tmp_path, new_uuid())
    noise.write_bytes(b"somebody's notes")
    found = recover(tmp_path)
    assert len(found.files) == len(found.problems) == 1
    assert "set aside" in found.problems[0]
    with EpisodeFile(found.files[0]) as episode:
        assert episode.attributes["damaged_chunks"] == 1
        assert sum(episode.attributes["dropped"].values()) > 0
    names = {path.name for path in (tmp_path / "journals").iterdir()}
    assert names == {f"{journal.name}.damaged", f"{noise.name}.unreadable"}


def test_a_lost_first_record_costs_the_rig_and_not_the_samples(tmp_path: Path) -> None:
    journal, _ = write_journal(tmp_path, make_messages(20), outcome=None)
    content = bytearray(journal.read_bytes())
    content[content.index(b'"uuid"') + 12] ^= 1
    journal.write_bytes(content)
    (path,) = recover(tmp_path).files
    with EpisodeFile(path) as episode:
        assert episode.uuid == journal.stem
        assert episode.attributes["rig"] is None
        assert len(episode.times_ns("arm/joints")) == 100


@pytest.mark.process
def test_dying_anywhere_in_a_commit_loses_nothing(memory_disk: Path) -> None:
    journal, _ = write_journal(memory_disk / "made", make_messages(10))
    command = [sys.executable, "-m", "tests.recorders.crash_commit", str(journal), str(memory_disk), "9"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
