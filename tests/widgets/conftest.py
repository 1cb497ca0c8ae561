"""The window without a screen, and sessions that close behind themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

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

    def make(theme: str | None = "dark", autostart: bool = False) -> Session:
        session = open_session("sim/wipe", tmp_path / "project", theme, autostart=autostart)
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
