"""The library of a window with its real reader process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.core.episodes import EpisodeRow
from recorders.labels import change_labels
from recorders.library import list_episodes
from tests.recorders.takes import make_episode
from widgets.bench.memory import descendants
from widgets.parts.library import Library
from widgets.session import Session

pytestmark = pytest.mark.process
WAIT_MS = 30_000


def listed(library: Library, folder: Path, qtbot: QtBot) -> list[EpisodeRow]:
    """Ask twice at once and return the rows, which are the same."""
    answers: list[tuple[list[EpisodeRow], str]] = []
    for _ in range(2):
        library.list(folder, lambda items, error: answers.append((items, error)))
    qtbot.waitUntil(lambda: len(answers) == 2, timeout=WAIT_MS)
    assert answers[0][1] == answers[1][1] == ""
    assert answers[0][0] == answers[1][0]
    return answers[0][0]


def test_the_list_follows_the_folder_and_outlives_the_reader(
    open_window: Callable[..., Session], tmp_path: Path, qtbot: QtBot
) -> None:
    context = open_window().context
    folder, library = context.project.augmented, Library.of(context)
    assert listed(library, folder, qtbot) == []  # there is no such folder
    paths = [make_episode(folder, 5) for _ in range(3)]
    assert listed(library, folder, qtbot) == list_episodes(folder)
    change_labels(folder, paths[1].stem, {"outcome": "failure", "tags": ["odd"]})
    (folder / "episodes" / "noise.h5").write_bytes(b"noise")
    rows = listed(library, folder, qtbot)
    assert rows == list_episodes(folder)
    assert [row.outcome for row in rows if "odd" in row.tags] == ["failure"]
    assert sum(bool(row.broken) for row in rows) == 1
    reader = library._reader
    assert reader is not None
    lost: list[str] = []
    reader.lost.connect(lost.append)
    (pid,) = (pid for pid, role in descendants(os.getpid()).items() if role == "read")
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(lost), timeout=WAIT_MS)
    paths[0].unlink()
    rows = listed(library, folder, qtbot)
    assert rows == list_episodes(folder)
    assert len(rows) == 3
