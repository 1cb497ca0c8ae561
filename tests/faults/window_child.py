"""The real window role, with a second pair of hands: lines on standard input are done in its Qt thread.

Run by tests/faults/window.py as `python -m tests.faults.window_child WORDS…`; WORDS are those of `main.py window`. Each
line is a JSON list: a name and its arguments. Each is answered by one JSON line with the time at which it began, on
the machine's monotonic clock, and what is asked for.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QPushButton, QWidget

import main
from app.core.priority import prefer_hand
from app.learning.runs import list_runs
from widgets.application import make_application
from widgets.collect.page import CollectPage
from widgets.deploy.page import DeployPage
from widgets.main_window import MainWindow

KEYS = {"space": Qt.Key.Key_Space, "left": Qt.Key.Key_A, "right": Qt.Key.Key_D, "escape": Qt.Key.Key_Escape,
        "return": Qt.Key.Key_Return}  # fmt: skip


class Hands(QObject):
    """Does what the lines say. Lines are read in a thread and run in the Qt thread."""

    asked = Signal(list)

    def __init__(self, answers: int) -> None:
        super().__init__()
        self._answers = answers
        self._others: list[QWidget] = []
        self.deaf = False
        self.asked.connect(self._run)
        threading.Thread(target=self._read, name="hands", daemon=True).start()

    def _read(self) -> None:
        prefer_hand()  # the trial's own thread must not wait behind the hand that it moves
        for line in sys.stdin:
            self.asked.emit(json.loads(line))

    def _run(self, words: list[Any]) -> None:
        name, *arguments = words
        began = time.monotonic_ns()
        result = getattr(self, f"do_{name}")(*arguments)
        os.write(self._answers, (json.dumps({"name": name, "t_ns": began, "result": result}) + "\n").encode())

    @property
    def window(self) -> MainWindow:
        return next(item for item in QApplication.topLevelWidgets() if isinstance(item, MainWindow))

    @property
    def collect(self) -> CollectPage:
        return next(page for page in self.window.pages if isinstance(page, CollectPage))

    @property
    def deploy(self) -> DeployPage:
        return next(page for page in self.window.pages if isinstance(page, DeployPage))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Swallow the release of keys while `deaf`: it never arrives."""
        return self.deaf and event.type() == QEvent.Type.KeyRelease

    def do_state(self) -> dict[str, Any]:
        context = self.window.context
        return {
            "rig": context.rig.phase, "connect": context.rig.connect_text, "owner": context.rig.owner,
            "collect": self.collect.session.phase, "deploy": self.deploy.session.phase,
            "grip": context.hand.grip, "engaged": context.hand.engaged, "consent": self.deploy.enabling.consent,
            "words": self.window.strip.words, "active": self.window.isActiveWindow(),
            "press": context.hand.press, "hint": context.status.value.hint,
            "messages": [item.text for item in context.notifications.items][-8:],
        }  # fmt: skip

    def do_connect(self) -> None:
        self.window.open_page(0)
        self.collect.session.connect_rig()

    def do_go(self, enabled_by: str) -> bool:
        page = self.deploy
        self.window.open_page(self.window.pages.index(page))
        assert list_runs(self.window.context.project.runs)
        page.settings.episodes.setValue(1000)
        page.settings.enable.setCurrentIndex(page.settings.enable.findData(enabled_by))
        page.go.click()
        return page.session.busy

    def do_press(self, *keys: str) -> None:
        for key in keys:
            QTest.keyPress(self.window.page, KEYS[key])

    def do_release(self, *keys: str) -> None:
        for key in keys:
            QTest.keyRelease(self.window.page, KEYS[key])

    def do_deaf(self, deaf: bool) -> None:
        application = QApplication.instance()
        assert application is not None
        application.removeEventFilter(self)
        self.deaf = deaf
        if deaf:  # the newest filter is asked first
            application.installEventFilter(self)

    def do_busy(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass

    def do_dialog(self) -> None:
        dialog = QDialog(self.window)
        QPushButton("Close", dialog).setFocus()
        dialog.setModal(True)
        dialog.show()
        self._others.append(dialog)

    def do_menu(self) -> None:
        menu = QMenu(self.window)
        menu.addAction("Copy")
        menu.popup(self.window.mapToGlobal(self.window.rect().center()))
        self._others.append(menu)

    def do_escape(self) -> None:
        """Esc, to the dialog that is open."""
        QTest.keyClick(QApplication.activeModalWidget() or self.window.page, Qt.Key.Key_Escape)

    def do_blur(self) -> None:
        other = QWidget()
        other.show()
        other.activateWindow()
        self._others.append(other)

    def do_page(self, index: int) -> None:
        self.window.open_page(index)

    def do_stop(self) -> None:
        button = next(
            item for item in self.window.findChildren(QPushButton) if item.text().startswith("STOP")
        )
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def do_exit(self) -> None:
        """Leave the event loop without asking the window."""
        QApplication.exit(0)

    def do_close(self) -> None:
        self.window.close()

    def do_front(self) -> None:
        """Take away what was opened, and bring the driving window to the front."""
        for other in self._others:
            other.close()
            other.deleteLater()
        self._others.clear()
        self.window.activateWindow()
        self.window.page.setFocus()


def run() -> int:
    """Open the window as `main.py window` does."""
    answers = os.dup(1)
    os.dup2(2, 1)  # answers alone go where the test reads
    make_application()
    hands = Hands(answers)
    status = main.main(["window", *sys.argv[1:]])
    del hands
    return status


if __name__ == "__main__":
    sys.exit(run())
