"""The left side of Augment: what to perturb, how strongly, how often."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox, QWidget

from app.core.episodes import EpisodeRow
from widgets.context import WindowContext
from widgets.parts.episodes import counts_text
from widgets.parts.library import Library
from widgets.parts.settings_form import SettingsForm
from widgets.parts.text import label, pad

RECIPES = (
    (
        "Pulse",
        "pulse",
        "Pulls the motion aside and back, smoothly, once. What the task's own score accepts is kept.",
    ),
)


class AugmentSettings(SettingsForm):
    """Form of the arguments of `augment`."""

    def __init__(self, context: WindowContext, library: Library) -> None:
        super().__init__(context)
        self._library = library
        self.items: list[EpisodeRow] = []
        self.source, self.recipe = QComboBox(), QComboBox()
        self.counts, self.about = label("", "small", wrap=True), label(RECIPES[0][2], "small", wrap=True)
        self.lateral, self.normal = QDoubleSpinBox(), QDoubleSpinBox()
        self.attempts, self.seed = QSpinBox(), QSpinBox()
        self._build()
        self._connect()

    def _build(self) -> None:
        project = self._context.project
        self.source.addItem("Demonstrations", project.demonstrations)
        self.source.addItem("Rollouts", project.rollouts)
        for words, name, _ in RECIPES:
            self.recipe.addItem(words, name)
        self._set_up(self.lateral, 12.0, 60.0, "Standard deviation of the pull along the board, x and y")
        self._set_up(
            self.normal,
            2.0,
            20.0,
            "Standard deviation of the pull across the board (force follows depth)",
        )
        self.attempts.setRange(1, 5000)
        self.attempts.setValue(50)
        self.seed.setRange(0, 2**31 - 1)
        pad(self.lateral, self.normal, self.attempts, self.seed)
        self.seed.setToolTip("The same seed draws the same pulses")
        self.add_card("Demonstrations", Folder=self.source).addWidget(self.counts)
        self.add_card(
            "Recipe", Recipe=self.recipe, Along_the_board=self.lateral, Across_the_board=self.normal,
            Attempts=self.attempts, Seed=self.seed,
        ).addWidget(self.about)  # fmt: skip

    @staticmethod
    def _set_up(box: QDoubleSpinBox, value: float, most: float, tip: str) -> None:
        box.setRange(0.0, most)
        box.setDecimals(1)
        box.setSingleStep(0.5)
        box.setValue(value)
        box.setSuffix(" mm")
        box.setToolTip(tip)

    def _connect(self) -> None:
        self.source.currentIndexChanged.connect(self.refresh)
        for box in (self.lateral, self.normal, self.attempts, self.seed):
            box.valueChanged.connect(lambda _value: self.changed.emit())

    @property
    def folder(self) -> Path:
        """The folder of demonstrations."""
        return Path(self.source.currentData())

    def refresh(self) -> None:
        """Count the episodes again."""
        folder = self.folder

        def listed(items: list[EpisodeRow], error: str) -> None:
            if folder == self.folder:
                self.items = items
                self.counts.setText(error or counts_text(items).capitalize() + ".")
                self.changed.emit()

        self._library.list(folder, listed)

    def hindrance(self) -> str:
        """Return why nothing can be augmented; empty if it can."""
        if not self.items:
            return "There are no demonstrations yet: record some in Collect (Ctrl+1)."
        if not any(item.usable for item in self.items):
            return "No episode of this folder counts as a success: judge them in Review (Ctrl+2), or record more."
        return ""

    def words(self) -> list[str]:
        """Return the arguments of `augment` without the output folder."""
        return [
            str(self.folder), "--rig", self._context.rig.name, "--recipe", str(self.recipe.currentData()),
            "--attempts", str(self.attempts.value()), "--seed", str(self.seed.value()),
            "--lateral-mm", f"{self.lateral.value():g}", "--normal-mm", f"{self.normal.value():g}",
        ]  # fmt: skip

    def editable_fields(self) -> tuple[QWidget, ...]:
        """Return the fields that lock while something runs."""
        return self.source, self.recipe, self.lateral, self.normal, self.attempts, self.seed

    def state(self) -> dict[str, object]:
        """Return the values to remember."""
        return {
            "lateral": self.lateral.value(), "normal": self.normal.value(), "attempts": self.attempts.value(),
            "seed": self.seed.value(),
        }  # fmt: skip

    def restore(self, state: dict[str, object]) -> None:
        """Take over remembered values; what is missing stays."""
        for name, box in (("lateral", self.lateral), ("normal", self.normal)):
            box.setValue(float(str(state.get(name, box.value()))))
        for name, number in (("attempts", self.attempts), ("seed", self.seed)):
            number.setValue(int(str(state.get(name, number.value()))))
