"""Deploy's touch audit: what the chosen policy does with each of its inputs, as a table and in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from app.learning.audit import report
from app.learning.audit.report import Audit
from app.learning.runs import RunRow
from widgets.context import WindowContext
from widgets.parts.key_button import KeyButton
from widgets.parts.table import Table
from widgets.parts.text import label, pad, row
from widgets.review.exchange_dialog import ExchangeDialog

COLUMNS = ("Input", "Change of action", "Change of score [95 %]")
ROWS_SHOWN = 8
WIDTH, HEIGHT = 680, 780


class AuditDialog(ExchangeDialog):
    """Runs `audit` on a run and shows its result; what an earlier audit found is shown at once."""

    def __init__(self, context: WindowContext, parent: QWidget) -> None:
        super().__init__(context, "audit", "Audit", parent)
        self._run: RunRow | None = None
        self.data, self.rollouts, self.run_name = QLineEdit(), QSpinBox(), label("")
        self.rollouts.setRange(0, 1000)
        self.rollouts.setSpecialValueText("none: recorded episodes only")
        self.rollouts.setToolTip(
            "Rollouts on the simulated rig for each change of each input; minutes to an hour"
        )
        choose = KeyButton("Choose …", "", context.theme)
        choose.clicked.connect(self._on_choose)
        self.table = Table(context.theme, COLUMNS, 0, (1, 2), "Audit tells here what each input is good for.")
        self.table.setAccessibleName("Audit")
        pad(self.rollouts)
        self.fields += [self.rollouts]
        self.build(
            "Each input is set to its mean, held, mixed up and delayed. An input that is used changes the actions, "
            "and without it the score falls.",
            ("Run", self.run_name), ("Episodes in", self.path_field(self.data, choose)),
            ("Rollouts each", row(self.rollouts)),
        )  # fmt: skip
        self._insert_table()
        self.setMinimumWidth(WIDTH)
        self.resize(WIDTH, HEIGHT)

    def _insert_table(self) -> None:
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        self.table.setMinimumHeight((ROWS_SHOWN + 1) * self.table.verticalHeader().defaultSectionSize())
        layout.insertWidget(layout.count() - 1, self.table, 1)

    def open_for(self, run: RunRow | None) -> None:
        """Show the dialog for a run, with what is known of it."""
        if self.job is None:
            self._run, self._place = run, None
            self.run_name.setText(run.name if run is not None else "none")
            if not self.data.text():
                self.data.setText(str(self.context.project.demonstrations))
            audit = report.read(Path(run.path)) if run is not None else None
            self._show(audit)
            if run is not None and audit is not None:
                self._place = Path(run.path) / report.FOLDER
            self.show_state()
        self.show()
        self.raise_()

    def _show(self, audit: Audit | None) -> None:
        self.table.setRowCount(0)
        self.told.setText(audit.sentence if audit is not None else "")
        for number, found in enumerate(audit.rows if audit is not None else ()):
            words = found.label[:1].upper() + found.label[1:]
            self.table.put(number, (words, f"{found.action:.2f}", report.change_text(found)))

    def words(self) -> tuple[str, ...]:
        """Return the arguments of `audit`."""
        assert self._run is not None
        return (self._run.path, "--data", self.data.text(), "--rollouts", str(self.rollouts.value()))

    def hindrance(self) -> str:
        """Return why it cannot begin; empty if it can."""
        if self._run is None or not self._run.finished:
            return "Choose a run that is finished."
        return "" if Path(self.data.text()).is_dir() else "Choose a folder of recorded episodes."

    def finished_words(self, body: dict[str, Any]) -> str:
        """Show the result in the table and return the sentence."""
        run = Path(str(body["folder"])).parent
        self._show(report.read(run))
        return str(body["sentence"])

    def place_of(self, body: dict[str, Any]) -> Path:
        """Return the folder of table and plot."""
        return Path(str(body["folder"]))

    def _on_choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Recorded episodes", self.data.text())
        if folder:
            self.data.setText(folder)
