"""Deploy's touch audit: what it refuses, what it shows of an earlier audit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.learning.audit import report
from app.learning.audit.process import write
from app.learning.audit.report import Audit, Spoiled
from tests.app.learning.runs_on_disk import write_run
from widgets.deploy.audit_dialog import AuditDialog
from widgets.deploy.page import DeployPage
from widgets.session import Session

Open = Callable[..., Session]


def open_audit(open_window: Open) -> AuditDialog:
    session = open_window()
    session.window.open_page(4)
    page = session.window.page
    assert isinstance(page, DeployPage)
    page.settings.audit.click()
    return page.audit


def test_without_a_finished_run_it_refuses(qtbot: QtBot, open_window: Open) -> None:
    dialog = open_audit(open_window)
    assert dialog.isVisible()
    assert not dialog.start.isEnabled()
    assert dialog.start.toolTip() == "Choose a run that is finished."


def test_an_earlier_audit_is_shown_and_can_be_repeated(
    qtbot: QtBot, open_window: Open, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "project" / "runs" / "whole", finished=True, stage="planner", step=60)
    found = Spoiled("touch", "zero", 0.0, 0.4, -0.7, -0.8, -0.6)
    write(
        run / report.FOLDER, Audit(str(run), "rdp", True, 100, 20, 0.9, 0.8, 1.0, (found,), "Touch is used.")
    )
    dialog = open_audit(open_window)
    assert dialog.told.text() == "Touch is used."
    cells = [dialog.table.item(0, column) for column in range(3)]
    assert [cell.text() for cell in cells if cell is not None] == [
        "Touch at its mean",
        "0.40",
        "-0.70 [-0.80, -0.60]",
    ]
    assert dialog.start.isEnabled()
    dialog.rollouts.setValue(7)
    demonstrations = str(tmp_path / "project" / "demonstrations")
    assert dialog.words() == (str(run), "--data", demonstrations, "--rollouts", "7")
    dialog.data.setText(str(tmp_path / "nowhere"))
    assert dialog.start.toolTip() == "Choose a folder of recorded episodes."
