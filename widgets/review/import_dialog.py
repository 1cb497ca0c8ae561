"""Review's Import: another program's set into the folder that is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QWidget

from widgets.context import WindowContext
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.text import label
from widgets.review.exchange_dialog import ExchangeDialog, refusals

FORMATS = (
    ("Tell from what is there", "auto"), ("LeRobot v2.1 or v3", "lerobot"), ("robomimic", "robomimic"),
    ("ALOHA", "aloha"), ("Diffusion Policy (zarr)", "zarr"), ("MCAP", "mcap"),
)  # fmt: skip


class ImportDialog(ExchangeDialog):
    """Imports into the folder that Review shows."""

    def __init__(self, context: WindowContext, library: Library, parent: QWidget) -> None:
        super().__init__(context, "import", "Import", parent)
        self._folder, self._library = Path(), library
        self.format, self.path, self.topics = QComboBox(), QLineEdit(), QLineEdit()
        self.into = label("", "", wrap=True)
        for words, value in FORMATS:
            self.format.addItem(words, value)
        theme = context.theme
        file, folder, table = (KeyButton(words, "", theme) for words in ("File …", "Folder …", "Table …"))
        file.clicked.connect(lambda: self._choose_file(self.path, "Import a file"))
        table.clicked.connect(lambda: self._choose_file(self.topics, "Table of topics"))
        folder.clicked.connect(self._choose_folder)
        self.format.currentIndexChanged.connect(lambda _index: self.show_state())
        self.fields.append(self.format)
        self.path.setPlaceholderText("A file or a folder")
        self.topics.setPlaceholderText("Only for MCAP files of others")
        self.build(
            "It is read in a process of its own with limits; a broken episode is named and skipped. "
            "The set stays as it is.",
            ("From", self.path_field(self.path, file, folder)), ("Format", self.format),
            ("Topics", self.path_field(self.topics, table)), ("Into", self.into),
        )  # fmt: skip
        self.path.setAccessibleName("From")
        self.topics.setAccessibleName("Topics")

    def open_for(self, folder: Path) -> None:
        """Show the dialog for a folder."""
        if self.job is None:
            self._folder = folder
            self.into.setText(str(folder))
            self.show_state()
        self.show()
        self.raise_()
        self.activateWindow()

    def words(self) -> tuple[str, ...]:
        """Return the arguments of `import`."""
        words = [str(self._path()), "--out", str(self._folder), "--from", str(self.format.currentData())]
        if self.topics.text().strip():
            words += ["--topics", str(Path(self.topics.text().strip()).expanduser().absolute())]
        return tuple(words)

    def hindrance(self) -> str:
        """Return why it cannot begin."""
        if not self.path.text().strip():
            return "Say what to read."
        return "" if self._path().exists() else "There is no such file or folder."

    def finished_words(self, body: dict[str, Any]) -> str:
        """Return what came in."""
        self._library.changed.emit(str(self._folder))
        told = f"{plural(int(body['episodes']), 'episode')}, {body['seconds']:.1f} s, from {body['format']}."
        return told + refusals([str(text) for text in body["refused"]])

    def place_of(self, body: dict[str, Any]) -> Path:
        """Return the folder that was added to."""
        return Path(str(body["data"]))

    def _path(self) -> Path:
        return Path(self.path.text().strip()).expanduser().absolute()

    def _choose_file(self, edit: QLineEdit, title: str) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, title, edit.text())
        if chosen:
            edit.setText(chosen)

    def _choose_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Import a folder", self.path.text()):
            self.path.setText(chosen)
