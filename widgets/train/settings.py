"""The left side of Train: which episodes, which policy, how long, and what the run is called."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox, QWidget

from app.core.episodes import EpisodeRow
from app.learning.policies import POLICIES
from app.learning.runs import name_problem
from widgets.context import WindowContext
from widgets.parts.episodes import plural
from widgets.parts.library import Library
from widgets.parts.settings_form import SettingsForm
from widgets.parts.text import label, pad, row

POLICY_WORDS = {
    "rdp": "Reactive diffusion (RDP)",
    "flow": "Flow matching",
    "diffusion": "Diffusion (DDIM)",
    "streaming": "Streaming diffusion",
}
DEFAULT_STEPS = 6000


class TrainSettings(SettingsForm):
    """Form of the arguments of `train`."""

    def __init__(self, context: WindowContext, library: Library) -> None:
        super().__init__(context)
        self._library = library
        project = context.project
        self.folders: dict[str, Path] = {
            "Demonstrations": project.demonstrations, "Augmented": project.augmented, "Rollouts": project.rollouts
        }  # fmt: skip
        self.usable: dict[str, int | None] = dict.fromkeys(self.folders)
        self.boxes = {name: QCheckBox(name) for name in self.folders}
        self._counts = {name: label("", "small") for name in self.folders}
        self.total = label("", "small")
        self.policy, self.steps, self.seed, self.name = QComboBox(), QSpinBox(), QSpinBox(), QLineEdit()
        self._build()
        self._connect()

    def _build(self) -> None:
        for name in ("Demonstrations", "Augmented"):
            self.boxes[name].setChecked(True)
        self.boxes["Rollouts"].setToolTip("A policy's own rollouts that the task's score accepted")
        for policy in POLICIES:
            self.policy.addItem(POLICY_WORDS.get(policy, policy), policy)
        self.steps.setRange(2, 1_000_000)
        self.steps.setSingleStep(500)
        self.steps.setValue(DEFAULT_STEPS)
        self.steps.setGroupSeparatorShown(True)
        self.steps.setToolTip("Of all stages together; only RDP has two, tokenizer and planner")
        self.seed.setRange(0, 2**31 - 1)
        pad(self.steps, self.seed)
        inner = self.add_card("Data")
        inner.setSpacing(0)
        for name, box in self.boxes.items():
            inner.addLayout(row(box, 1, self._counts[name]))
        inner.addWidget(self.total)
        self.add_card("Policy", Policy=self.policy, Steps=self.steps, Seed=self.seed, Run_name=self.name)

    def _connect(self) -> None:
        for box in self.boxes.values():
            box.toggled.connect(self._show_counts)
        for number in (self.steps, self.seed):
            number.valueChanged.connect(lambda _value: self.changed.emit())
        self.name.textChanged.connect(lambda _text: self.changed.emit())

    def suggest_name(self) -> None:
        """Put a fresh name into the field."""
        self.name.setText(time.strftime(f"{self.policy.currentData()}-%Y%m%d-%H%M%S"))

    def refresh(self) -> None:
        """Count the episodes again."""
        for name, folder in self.folders.items():
            self._library.list(folder, partial(self._on_listed, name))

    def _on_listed(self, name: str, items: list[EpisodeRow], error: str) -> None:
        self.usable[name] = None if error else sum(item.usable for item in items)
        if error:
            self._context.notifications.error(error, "train")
        self._show_counts()

    def _show_counts(self) -> None:
        for name, count in self.usable.items():
            self._counts[name].setText("…" if count is None else plural(count, "success", "successes"))
        chosen = sum(self.usable[name] or 0 for name, box in self.boxes.items() if box.isChecked())
        self.total.setText(f"{plural(chosen, 'episode')} to learn from.")
        self.changed.emit()

    def hindrance(self) -> str:
        """Return why no run can be started; empty if one can."""
        chosen = [name for name, box in self.boxes.items() if box.isChecked()]
        if not chosen:
            return "Choose at least one folder of episodes."
        if not any(self.usable.values()):
            return "There is no kept success to learn from: record demonstrations in Collect (Ctrl+1)."
        if not sum(self.usable[name] or 0 for name in chosen):
            return "The chosen folders hold no kept success: choose another, or judge episodes in Review (Ctrl+2)."
        return name_problem(self._context.project.runs, self.name.text())

    def words(self) -> list[str]:
        """Return the arguments of `train`; folders without a success are left out."""
        folders = [
            str(self.folders[name])
            for name, box in self.boxes.items()
            if box.isChecked() and self.usable[name]
        ]
        return [
            *folders, "--policy", str(self.policy.currentData()), "--steps", str(self.steps.value()),
            "--seed", str(self.seed.value()), "--out", str(self._context.project.runs / self.name.text()),
        ]  # fmt: skip

    def editable_fields(self) -> tuple[QWidget, ...]:
        """Return the fields that lock while something runs."""
        return *self.boxes.values(), self.policy, self.steps, self.seed, self.name

    def state(self) -> dict[str, object]:
        """Return the values to remember."""
        return {"steps": self.steps.value(), "seed": self.seed.value()}

    def restore(self, state: dict[str, object]) -> None:
        """Take over remembered values; what is missing stays."""
        self.steps.setValue(int(str(state.get("steps", self.steps.value()))))
        self.seed.setValue(int(str(state.get("seed", self.seed.value()))))
