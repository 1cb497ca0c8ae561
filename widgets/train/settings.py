"""The left side of Train: which episodes, which policy, how long, and what the run is called."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLayout, QLineEdit, QScrollArea, QSpinBox, QVBoxLayout, QWidget

from app.core.errors import TouchstoneError
from app.learning.fields import KINDS, with_changes
from app.learning.policies import POLICIES
from app.learning.runs import RunChoice, name_problem
from widgets.context import WindowContext
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.settings_form import WIDTH, SettingsForm
from widgets.parts.text import label, pad, row
from widgets.train.data_card import DataCard
from widgets.train.data_dialog import DataDialog
from widgets.train.inputs_card import ENCODER, NAMES, SIZE, InputsCard
from widgets.train.more import MoreSettings

POLICY_WORDS = {
    "rdp": "Reactive diffusion (RDP)",
    "flow": "Flow matching",
    "diffusion": "Diffusion (DDIM)",
    "streaming": "Streaming diffusion",
}
KEEP_WORDS = {"last": "The last", "loss": "Best loss", "rollout": "Best rollouts"}
DEFAULT_STEPS = 6000
MOST_PATIENCE = 100
LEAST_FIELD = 72
PERIOD = "grid.period_ns"


class TrainSettings(SettingsForm):
    """Form of the arguments of `train`."""

    def __init__(self, context: WindowContext, library: Library) -> None:
        super().__init__(context)
        self.data, self.inputs = DataCard(context, library, self), InputsCard(self)
        self.boxes, self.usable, self.total = self.data.boxes, self.data.usable, self.data.total
        self.policy, self.steps, self.seed, self.name = QComboBox(), QSpinBox(), QSpinBox(), QLineEdit()
        self.keep, self.patience = QComboBox(), QSpinBox()
        self.more = KeyButton(
            "All settings …", "", context.theme, tip="Every setting of the policy, with help"
        )
        self.measure = KeyButton(
            "Estimate", "", context.theme, tip="Train some steps, to tell time and memory"
        )
        self.told = label("", "small", wrap=True)
        self.told.setVisible(False)
        self.changes: dict[str, dict[str, str]] = {policy: {} for policy in POLICIES}
        self._build()
        self._connect()

    def _build(self) -> None:
        for policy in POLICIES:
            self.policy.addItem(POLICY_WORDS.get(policy, policy), policy)
        self.steps.setRange(2, 1_000_000)
        self.steps.setSingleStep(500)
        self.steps.setValue(DEFAULT_STEPS)
        self.steps.setGroupSeparatorShown(True)
        self.steps.setToolTip("Of all stages together; only RDP has two, tokenizer and planner")
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setAccessibleName("Seed")
        for measure, words in KEEP_WORDS.items():
            self.keep.addItem(words, measure)
        self.keep.setToolTip("Which weights Deploy takes; training loss never decides")
        self.patience.setRange(0, MOST_PATIENCE)
        self.patience.setSpecialValueText("patience off")
        self.patience.setPrefix("patience ")
        self.patience.setToolTip("End a stage after so many measurements without a better one")
        pad(self.steps, self.seed, self.patience)
        for narrow in (self.policy, self.steps, self.seed, self.keep, self.patience, self.name):
            narrow.setMinimumWidth(LEAST_FIELD)  # a scroll bar beside them takes of their room
        inner = self.add_card("Data")
        self.data.fill(inner)
        self.inputs.fill(inner)
        inner = self.add_card(
            "Policy", Policy=self.policy, Steps=row(self.steps, label("Seed", "muted"), self.seed),
            Keep=row(self.keep, self.patience), Run_name=self.name,
        )  # fmt: skip
        inner.addLayout(row(self.more, 1, self.measure))
        inner.addWidget(self.told)
        for field, name in ((self.steps, "Steps"), (self.keep, "Keep"), (self.patience, "End early")):
            field.setAccessibleName(name)
        self._show_changes()

    def _connect(self) -> None:
        self.data.changed.connect(self._on_data)
        self.data.choose.clicked.connect(self._on_choose)
        self.inputs.edited.connect(self._on_inputs)
        self.more.clicked.connect(self._on_more)
        self.policy.currentIndexChanged.connect(lambda _index: self._show_changes())
        self.keep.currentIndexChanged.connect(lambda _index: self._show_changes())
        for number in (self.steps, self.seed, self.patience):
            number.valueChanged.connect(lambda _value: self.changed.emit())
        self.name.textChanged.connect(lambda _text: self.changed.emit())

    def suggest_name(self) -> None:
        """Put a fresh name into the field."""
        self.name.setText(time.strftime(f"{self.policy.currentData()}-%Y%m%d-%H%M%S"))

    def _on_more(self) -> None:
        policy = str(self.policy.currentData())
        form = MoreSettings(self._context, policy, self.policy.currentText(), self.changes[policy], self)

        def take_over() -> None:
            self.changes[policy] = form.changes()
            self._show_changes()

        form.changed.connect(take_over)
        form.finished.connect(form.deleteLater)
        form.open()

    def _on_data(self) -> None:
        self.inputs.show_data(self.data.kept)
        self.changed.emit()

    def _on_inputs(self) -> None:
        """The cameras hold for all policies."""
        told = self.inputs.changes()
        for changes in self.changes.values():
            for name in (NAMES, SIZE, ENCODER):
                changes.pop(name, None)
            changes.update(told)
        self._show_changes()

    def _on_choose(self) -> None:
        policy = str(self.policy.currentData())
        config = KINDS[policy]()
        try:
            config = with_changes(config, policy, self.changes[policy])
        except TouchstoneError as error:
            self.tell(error.sentence())
        dialog = DataDialog(self._context, self.data.chosen_rows(), self.data.choice, config.grid, self)
        dialog.chosen.connect(self.data.set_choice)
        dialog.rated.connect(self._on_rate)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_rate(self, period_ns: int) -> None:
        """The rate holds for all policies."""
        for policy, changes in self.changes.items():
            changes.pop(PERIOD, None)
            if period_ns != KINDS[policy]().grid.period_ns:
                changes[PERIOD] = str(period_ns)
        self._show_changes()

    def _show_changes(self) -> None:
        """Tell how many settings are not the default."""
        self.inputs.show_changes(self.changes[str(self.policy.currentData())])
        count = len(self.changes[str(self.policy.currentData())])
        self.more.setText(f"All settings … ({count} changed)" if count else "All settings …")
        self.patience.setVisible(self.keep.currentData() != "last")
        self.tell("")
        self.changed.emit()

    def tell(self, words: str) -> None:
        """Show a sentence below the form; none takes no room."""
        self.told.setText(words)
        self.told.setVisible(bool(words))

    def take_over(self, choice: RunChoice) -> None:
        """Fill the form with what was chosen for a run, under a new name."""
        self.policy.setCurrentIndex(max(0, self.policy.findData(choice.policy)))
        self.steps.setValue(choice.steps)
        self.seed.setValue(choice.seed)
        self.keep.setCurrentIndex(max(0, self.keep.findData(choice.best)))
        self.patience.setValue(choice.patience)
        self.changes[choice.policy] = dict(choice.changes)
        self.data.take_over(choice.data, choice.folders)
        self.suggest_name()
        self._show_changes()

    def refresh(self) -> None:
        """Count the episodes again."""
        self.data.refresh()

    def hindrance(self) -> str:
        """Return why no run can be started; empty if one can."""
        named = name_problem(self._context.project.runs, self.name.text())
        return self.data.hindrance() or self.inputs.hindrance() or named

    def words(self) -> list[str]:
        """Return the arguments of `train`; folders without a success are left out."""
        policy, keep = str(self.policy.currentData()), str(self.keep.currentData())
        patience = 0 if keep == "last" else self.patience.value()
        words = [
            *self.data.words(), "--policy", policy, "--steps", str(self.steps.value()),
            "--seed", str(self.seed.value()), "--best", keep, "--patience", str(patience),
            "--out", str(self._context.project.runs / self.name.text()),
        ]  # fmt: skip
        for name, value in self.changes[policy].items():
            words += ["--set", f"{name}={value}"]
        return words

    def column(self, *below: QWidget | QLayout | int) -> QWidget:
        """Return the page's left column; where there is too little room, the settings scroll."""
        area, column = QScrollArea(), QWidget()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self)
        column.setFixedWidth(WIDTH)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._context.theme.grid())
        layout.addWidget(area, 1)
        for item in below:
            if isinstance(item, QWidget):
                layout.addWidget(item)
        return column

    def editable_fields(self) -> tuple[QWidget, ...]:
        """Return the fields that lock while something runs."""
        fields = (self.policy, self.steps, self.seed, self.keep, self.patience, self.name)
        return *self.data.fields(), *fields, self.more

    def set_editable(self, editable: bool) -> None:
        """Lock the fields while something runs; patience needs a measure to wait for."""
        super().set_editable(editable)
        self.patience.setEnabled(editable and self.keep.currentData() != "last")
        self.inputs.set_editable(editable)

    def state(self) -> dict[str, object]:
        """Return the values to remember."""
        return {"steps": self.steps.value(), "seed": self.seed.value()}

    def restore(self, state: dict[str, object]) -> None:
        """Take over remembered values; what is missing stays."""
        self.steps.setValue(int(str(state.get("steps", self.steps.value()))))
        self.seed.setValue(int(str(state.get("seed", self.seed.value()))))
