"""The left side of Deploy: which run, what must be true first, how many rollouts."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QLayout, QSpinBox, QWidget

from app.deploy.preflight import hindrance, preflight
from app.learning.runs import RunRow, list_runs
from widgets.context import WindowContext
from widgets.deploy.preflight_list import PreflightList
from widgets.parts.condition import ConditionField
from widgets.parts.key_button import KeyButton
from widgets.parts.settings_form import SettingsForm
from widgets.parts.text import label, pad, row
from widgets.rig_session import RigPhase


class DeploySettings(SettingsForm):
    """Form of the arguments of `deploy`, with its preflight."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context)
        self.runs: list[RunRow] = []
        self.run, self.episodes, self.seed = QComboBox(), QSpinBox(), QSpinBox()
        self.enable = QComboBox()
        self.condition = ConditionField(context.rig.rig.conditions)
        self.audit = KeyButton(
            "Audit …", "", context.theme, tip="See what the policy does with touch and its other inputs"
        )
        self.preflight = PreflightList(context.theme)
        self._build()
        self.run.currentIndexChanged.connect(self.look)
        for number in (self.episodes, self.seed):
            number.valueChanged.connect(lambda _value: self.changed.emit())

    def _build(self) -> None:
        self.episodes.setRange(1, 1000)
        self.episodes.setValue(10)
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setValue(100)
        self.seed.setToolTip("Seed of the first board; each next rollout takes the next")
        pad(self.episodes, self.seed)
        if self._context.rig.rig.simulated:  # first, so one click runs to the end on a busy machine, too
            self.enable.addItem("The simulated rig", "headless")
        self.enable.addItem("This window", "window")
        self.enable.setToolTip(
            "This window: motion ends when it is left, stalls or is closed, as on a real arm"
        )
        chosen = row(self.run, self.audit)
        chosen.setStretch(0, 1)
        self.run.setAccessibleName("Run")
        self.run.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        policy = self.add_card("Policy")
        policy.addLayout(chosen)
        policy.addWidget(self.preflight)
        self.episodes.setAccessibleName("Rollouts")
        self.seed.setAccessibleName("Seed of the first board")
        numbers = row(self.episodes, label("from seed", "muted"), self.seed)
        numbers.setStretch(0, 1)
        numbers.setStretch(2, 1)
        fields: dict[str, QWidget | QLayout] = {"Rollouts": numbers, "Enabled_by": self.enable}
        if self.condition.count():
            fields["Condition"] = self.condition
        self.add_card("", **fields)

    def refresh(self) -> None:
        """List the runs again; the chosen one stays, and a new finished one is offered first."""
        chosen = self.chosen()
        self.runs = sorted(list_runs(self._context.project.runs), key=lambda run: not run.finished)
        self.run.blockSignals(True)
        self.run.clear()
        for run in self.runs:
            self.run.addItem(run.name if run.finished else f"{run.name} ({run.state})", run.path)
        if chosen is not None:
            self.run.setCurrentIndex(max(0, self.run.findData(chosen.path)))
        self.run.blockSignals(False)
        self.look()

    def chosen(self) -> RunRow | None:
        """Return the chosen run."""
        index = self.run.currentIndex()
        return self.runs[index] if 0 <= index < len(self.runs) else None

    @property
    def by_window(self) -> bool:
        """Whether this window enables motion."""
        return bool(self.enable.currentData() == "window")

    def words(self) -> list[str]:
        """Return the arguments of `deploy` that the form stands for, without run and consent."""
        words = ["--episodes", str(self.episodes.value()), "--seed", str(self.seed.value())]
        condition = self.condition.chosen()
        return [*words, "--condition", condition] if condition else words

    def look(self) -> None:
        """Go through the preflight again."""
        rig = self._context.rig
        up = rig.phase is RigPhase.UP
        rollouts = self._context.project.rollouts
        self.run.setToolTip(self.run.currentText())
        self.preflight.show_lines(preflight(self.chosen(), rig.name, up, rig.owner, rollouts))
        self.changed.emit()

    def hindrance(self) -> str:
        """Return why the policy may not drive; empty if it may."""
        return hindrance(self.preflight.lines)

    def editable_fields(self) -> tuple[QWidget, ...]:
        """Return the fields that lock while a policy drives."""
        return self.run, self.episodes, self.seed, self.enable, self.condition
