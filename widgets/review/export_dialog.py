"""Review's Export: which episodes, in whose format, where to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QWidget

from app.core.episodes import EpisodeRow
from widgets.context import WindowContext
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.text import label
from widgets.review.exchange_dialog import ExchangeDialog, refusals

# format: (name, what it is, ending of the file)
TARGETS = {
    "lerobot": ("LeRobot v3", "A folder with parquet and videos.", ""),
    "robomimic": ("robomimic", "One HDF5 file; actions scaled to −1..1.", ".hdf5"),
    "zarr": ("Diffusion Policy (zarr)", "A folder: the replay buffer of diffusion-policy.", ".zarr"),
    "aloha": ("ALOHA", "A folder with one HDF5 file for each episode.", ""),
}
ALL, SHOWN, ONE = "all", "shown", "one"
RATES = (("Of the fastest camera", ""), *((f"{rate} Hz", str(rate)) for rate in (10, 15, 20, 25, 30, 50)))
MOST_NAMED = 3000  # on one command line


class ExportDialog(ExchangeDialog):
    """Exports episodes of the folder that Review shows."""

    def __init__(self, context: WindowContext, parent: QWidget) -> None:
        super().__init__(context, "export", "Export", parent)
        self._folder, self._good = Path(), 0
        self._shown: list[EpisodeRow] = []
        self._one: EpisodeRow | None = None
        self.which, self.target, self.rate = QComboBox(), QComboBox(), QComboBox()
        self.kind = label("", "small", wrap=True)
        self.path = QLineEdit()
        for name, (words, _, _) in TARGETS.items():
            self.target.addItem(words, name)
        for words, value in RATES:
            self.rate.addItem(words, value)
        choose = KeyButton("Choose …", "", context.theme)
        choose.clicked.connect(self._on_choose)
        self.which.currentIndexChanged.connect(lambda _index: self.show_state())
        self.target.currentIndexChanged.connect(lambda _index: self._on_target())
        self.fields += [self.which, self.target, self.rate]
        self.build(
            "Broken, recovered and lossy takes are left out. Trims, outcomes, phases and instructions go along.",
            ("Episodes", self.which), ("Format", self.target), ("", self.kind), ("Rows per second", self.rate),
            ("To", self.path_field(self.path, choose)),
        )  # fmt: skip
        self.path.setAccessibleName("To")

    def open_for(
        self, folder: Path, items: list[EpisodeRow], shown: list[EpisodeRow], one: EpisodeRow | None,
        selected: bool = False,
    ) -> None:  # fmt: skip
        """Show the dialog for a folder: all its episodes, those that the list shows, and the current one.

        With `selected`, `shown` are those that a person selected, and they are proposed.
        """
        if self.job is None:
            self._folder, self._shown, self._one = folder, shown, one
            good = [item for item in items if item.usable]
            self.which.clear()
            self.which.addItem(f"All {plural(len(good), 'success', 'successes')}", ALL)
            if selected or len(shown) != len(items):
                which = "that are selected" if selected else "that the list shows"
                self.which.addItem(f"The {plural(len(shown), 'episode')} {which}", SHOWN)
            if one is not None and not one.broken:
                name = one.uuid[:8] if one.seed is None else f"seed {one.seed}"
                self.which.addItem(f"The selected one ({name}, {one.outcome})", ONE)
            self._good = len(good)
            if selected:
                self.which.setCurrentIndex(self.which.findData(SHOWN))
            self._on_target()
        self.show()
        self.raise_()
        self.activateWindow()

    def words(self) -> tuple[str, ...]:
        """Return the arguments of `export`."""
        words = [str(self._folder), "--to", str(self.target.currentData()), "--out", str(self._out())]
        if self.rate.currentData():
            words += ["--rate", str(self.rate.currentData())]
        chosen = {SHOWN: self._shown, ONE: [self._one] if self._one else []}.get(self.which.currentData(), [])
        if chosen:
            outcomes = dict.fromkeys(item.outcome for item in chosen if item.outcome)
            words += ["--episodes", ",".join(item.uuid for item in chosen), "--outcome", ",".join(outcomes)]
        return tuple(words)

    def hindrance(self) -> str:
        """Return why it cannot begin."""
        if self.which.currentData() == ALL and not self._good:
            return "This folder holds no success."
        if self.which.currentData() == SHOWN and not 0 < len(self._shown) <= MOST_NAMED:
            return f"1 to {MOST_NAMED} episodes can be chosen by the list."
        if not self.path.text().strip():
            return "Say where to."
        if self._out().exists():
            return "There is something of this name already; nothing is written over."
        return "" if self._out().parent.is_dir() else "This folder does not exist."

    def finished_words(self, body: dict[str, Any]) -> str:
        """Return what was exported, where it lies, and the largest shift in time."""
        shift = max((each["largest_shift_s"] for each in body["streams"].values()), default=0.0)
        told = f"{plural(int(body['episodes']), 'episode')}, {body['rows']} rows at {body['rate_hz']:g} Hz, "
        told += f"{body['bytes'] / 1e6:.1f} MB. No sample was moved by more than {shift * 1e3:.0f} ms.\n{body['path']}"
        reasons = [text for text in body["left_out"].values() if not text.startswith("its outcome")]
        return told + refusals(reasons)

    def place_of(self, body: dict[str, Any]) -> Path:
        """Return the folder that holds the set."""
        return Path(str(body["path"])).parent

    def _out(self) -> Path:
        return Path(self.path.text().strip()).expanduser().absolute()

    def _on_target(self) -> None:
        name = str(self.target.currentData())
        _, about, ending = TARGETS[name]
        self.kind.setText(about)
        base = self.context.project.root / f"{self._folder.name}-{name}"
        path, number = base.with_name(base.name + ending), 2
        while path.exists():
            path, number = base.with_name(f"{base.name}-{number}{ending}"), number + 1
        self.path.setText(str(path))
        self.show_state()

    def _on_choose(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Export to", self.path.text())
        if chosen:
            self.path.setText(chosen)
