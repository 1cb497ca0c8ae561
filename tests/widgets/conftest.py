"""The window without a screen, and sessions that close behind themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.core.link.hub import MAIN
from tests.shared import once

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def open_window(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., object]]:
    """Open whole windows on a fresh project and fresh settings; nothing is connected unless a test asks."""
    from PySide6.QtCore import QCoreApplication, QEvent

    from widgets.session import Session, open_session

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    sessions: list[Session] = []

    def make(theme: str | None = "dark", autostart: bool = False, rig: str = "sim/wipe") -> Session:
        session = open_session(rig, tmp_path / "project", theme, autostart=autostart)
        sessions.append(session)
        session.window.show()
        session.window.activateWindow()
        qtbot.waitUntil(session.window.isActiveWindow)
        return session

    yield make
    for session in sessions:
        session.close()
        session.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, own_home: None) -> Path:
    """A folder of real episodes: two scripted demonstrations that succeed and one blind one that fails."""

    def make(folder: Path) -> None:
        for operator, episodes, seed in (("script", "2", "0"), ("blind", "1", "50")):
            words = [
                "--rig",
                "sim/wipe",
                "--operator",
                operator,
                "--fast",
                "--episodes",
                episodes,
                "--seed",
                seed,
            ]
            command = [sys.executable, str(MAIN), "collect", *words, "--data", str(folder), "--json"]
            subprocess.run(command, check=False, capture_output=True, timeout=110)
        files = sorted((folder / "episodes").glob("*.h5"))
        assert len(files) >= 3
        for extra in files[3:]:
            extra.unlink()

    return once(tmp_path_factory, "recorded", make)


@pytest.fixture
def demonstrations(recorded: Path, tmp_path: Path) -> Path:
    """The recorded episodes as the demonstrations of the project that `open_window` opens."""
    folder = tmp_path / "project" / "demonstrations"
    shutil.copytree(recorded, folder)
    return folder
