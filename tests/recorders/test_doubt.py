"""A file that ended its reader is named and left out; one whose reader was ended by something else is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recorders import doubt
from recorders.library import list_episodes
from tests.contracts.sources import ROOT
from tests.recorders.takes import make_episode

DIES = "import os, sys; os.abort()"
READS = """
import sys
from pathlib import Path
import recorders.doubt
from recorders.library import list_episodes
if sys.argv[2]:
    import os, signal
    real = recorders.doubt.read_row
    def read_row(path, size):
        if path.name == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGSEGV)
        return real(path, size)
    recorders.doubt.read_row = read_row
    recorders.doubt.glance = lambda path, size: None
print(len(list_episodes(Path(sys.argv[1]))))
"""


def list_in_a_process(folder: Path, deadly: str = "") -> subprocess.CompletedProcess[str]:
    """List a folder in another process, in which reading one file is deadly."""
    command = [sys.executable, "-c", READS, str(folder), deadly]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for periods in (5, 10, 15):
        make_episode(tmp_path / "data", periods)
    return tmp_path / "data"


@pytest.mark.process
def test_a_file_whose_reader_was_killed_for_another_reason_is_read_by_a_child_and_is_good(
    folder: Path,
) -> None:
    first = min((folder / "episodes").glob("*.h5"))
    assert list_in_a_process(folder, first.name).returncode == -signal.SIGSEGV
    assert list(folder.glob(f"{doubt.PREFIX}*")), "the mark is left"
    rows = list_episodes(folder)
    assert [row.broken for row in rows] == [""] * len(rows)
    assert not list(folder.glob(f"{doubt.PREFIX}*"))


@pytest.mark.process
def test_a_file_that_ends_every_reader_is_named_and_left_alone_until_it_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = min((folder / "episodes").glob("*.h5"))
    assert list_in_a_process(folder, first.name).returncode == -signal.SIGSEGV
    deadly = tmp_path / "deadly.py"
    deadly.write_text(DIES)
    with monkeypatch.context() as patch:
        patch.setattr(doubt, "MAIN", deadly)
        rows = {row.path: row for row in list_episodes(folder)}
    assert "ends the process that reads it (SIGABRT)" in rows[str(first)].broken
    assert sum(bool(row.broken) for row in rows.values()) == 1
    again = list_in_a_process(folder, first.name)
    assert again.returncode == 0, "it is known and not opened again"
    os.utime(first, ns=(1, 1))
    assert all(not row.broken for row in list_episodes(folder)), "another file now"
