"""The role `episodes` from the command line: counts, reasons, recovery, and no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recorders.files import journals_of
from recorders.labels import change_labels
from recorders.lock import FolderLock
from recorders.reader import EpisodeFile
from tests.contracts.sources import ROOT
from tests.recorders.takes import make_episode, make_messages, write_journal

pytestmark = pytest.mark.process


def episodes(*words: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "main.py", "episodes", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_counts_of_a_folder_with_good_recovered_and_broken_files(tmp_path: Path) -> None:
    make_episode(tmp_path, 5)
    make_episode(tmp_path, 5, "failure")
    write_journal(tmp_path, make_messages(10), outcome=None)
    broken = tmp_path / "episodes" / "broken.h5"
    broken.write_bytes(b"not at all")
    status, result, errors = episodes(str(tmp_path), "--json")
    assert status == 0
    assert (result["episodes"], result["ok"], result["recovered"], result["broken"]) == (4, 3, 1, 1)
    assert "no HDF5 file" in result["broken_files"][str(broken)]
    assert "recovered 0.2 s" in errors
    assert not list(journals_of(tmp_path).iterdir())


def test_verify_finds_what_a_listing_cannot_see(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 50)
    make_episode(tmp_path, 5)
    status, result, _ = episodes(str(tmp_path), "--verify", "--json")
    assert (status, result["ok"], result["broken"]) == (0, 2, 0)
    content = bytearray(path.read_bytes())
    with EpisodeFile(path) as episode:
        needle = episode.data("arm/joints")[100:110].tobytes()
    content[content.index(needle) + 5] ^= 0x20
    path.write_bytes(content)
    status, result, _ = episodes(str(tmp_path), "--json")
    assert (status, result["broken"]) == (0, 0)
    status, result, _ = episodes(str(tmp_path), "--verify", "--json")
    assert (status, result["ok"], result["broken"]) == (1, 1, 1)
    assert "arm/joints" in result["broken_files"][str(path)]


def test_a_recording_folder_is_not_disturbed(tmp_path: Path) -> None:
    make_episode(tmp_path, 5)
    journal, _ = write_journal(tmp_path, make_messages(10), outcome=None)
    with FolderLock(tmp_path):
        status, result, errors = episodes(str(tmp_path), "--json")
    assert (status, result["episodes"], result["recovered"]) == (0, 1, 0)
    assert "Unfinished takes were left alone" in errors
    assert journal.exists()


def test_a_folder_that_is_not_there_is_an_explained_failure(tmp_path: Path) -> None:
    status, result, errors = episodes(str(tmp_path / "nowhere"), "--json")
    assert status == 1
    assert "no such folder" in result["error"]
    assert "no such folder" in errors


def test_a_person_gets_a_table(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 50, operator="script", score=0.875)
    command = [sys.executable, "main.py", "episodes", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stderr.splitlines() if path.stem in line]
    assert "success" in line
    assert "0.88" in line
    assert "episodes: 1" in done.stdout


def test_only_purge_deletes_and_only_what_is_due(tmp_path: Path) -> None:
    old, new = make_episode(tmp_path, 5), make_episode(tmp_path, 5)
    change_labels(tmp_path, old.stem, {"trashed_at": "2020-01-01T00:00:00+00:00"})
    change_labels(tmp_path, new.stem, {"trashed_at": datetime.now(UTC).isoformat()})
    assert episodes(str(tmp_path), "--json")[1]["episodes"] == 2
    status, result, errors = episodes(str(tmp_path), "--purge", "--json")
    assert (status, result["purged"], result["episodes"]) == (0, [old.stem], 1)
    assert result["purged_bytes"] > 1000
    assert "deleted 1 episodes from the trash" in errors
    assert (old.exists(), new.exists()) == (False, True)
