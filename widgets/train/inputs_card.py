"""The card Inputs of Train: which cameras the policy sees, how large, and through which encoder."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from app.core.episodes import EpisodeRow
from app.learning.settings import CamerasConfig
from widgets.parts.text import label, pad, row

COLOR = "/color"
NAMES, SIZE, ENCODER = "cameras.names", "cameras.size", "cameras.encoder"
SPACING = 14
LEAST_FIELD = 88
LEAST_SIDE, MOST_SIDE = 16, 512
ENCODER_WORDS = {"compact": "Compact", "resnet18": "ResNet-18"}

NO_EPISODES, NO_PICTURES = "Offered when there are episodes.", "The chosen episodes hold no pictures."


class InputsCard(QObject):
    """A tick for each camera of the data, and the two settings that matter most.

    Signals:
        edited(): The person changed something.
    """

    edited = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.cameras: dict[str, QCheckBox] = {}
        self.size, self.encoder = QSpinBox(), QComboBox()
        self._line = QHBoxLayout()
        self._nothing = label(NO_EPISODES, "small")
        self._pictures = QWidget()
        self._known: dict[str, int] = {}
        self._quiet = False
        self._fill()

    def _fill(self) -> None:
        plain = CamerasConfig()
        self.size.setRange(LEAST_SIDE, MOST_SIDE)
        self.size.setSingleStep(16)
        self.size.setValue(plain.size)
        self.size.setSuffix(" px")
        self.size.setToolTip("Pictures are resized to squares of this side")
        self.size.setAccessibleName("Side of the pictures")
        for name, words in ENCODER_WORDS.items():
            self.encoder.addItem(words, name)
        self.encoder.setToolTip(
            "Four convolutions with a spatial softmax, or a ResNet-18: many times as slow"
        )
        self.encoder.setAccessibleName("Encoder of the pictures")
        pad(self.size)
        for field in (self.size, self.encoder):
            field.setMinimumWidth(LEAST_FIELD)
        self.size.valueChanged.connect(lambda _value: self._on_edit())
        self.encoder.currentIndexChanged.connect(lambda _index: self._on_edit())

    def fill(self, inner: QVBoxLayout) -> None:
        """Put the fields into a card."""
        self._line.setSpacing(SPACING)
        self._line.addWidget(label("Cameras", "muted"))
        self._line.addWidget(self._nothing)
        self._line.addStretch(1)
        inner.addLayout(self._line)
        pictures = row(self.size, self.encoder)
        pictures.setStretch(1, 1)
        self._pictures.setLayout(pictures)
        inner.addWidget(self._pictures)
        self._show_state()

    def show_data(self, rows: list[EpisodeRow]) -> None:
        """Offer the cameras of the episodes; one that some of them lack cannot be ticked."""
        known: dict[str, int] = {}
        for item in rows:
            for topic in item.topics:
                if topic.endswith(COLOR):
                    name = topic.removesuffix(COLOR)
                    known[name] = known.get(name, 0) + 1
        for name in [
            name for name in self.cameras if name not in known and not self.cameras[name].isChecked()
        ]:
            self._line.removeWidget(self.cameras[name])
            self.cameras.pop(name).deleteLater()
        for name in sorted(known):
            self._offer(name)
        self._known = known
        self._nothing.setText(NO_PICTURES if rows else NO_EPISODES)
        for name, box in self.cameras.items():
            lacking = len(rows) - known.get(name, 0)
            box.setToolTip(
                f"{lacking} of {len(rows)} episodes have no pictures of it"
                if lacking
                else f"All {len(rows)} episodes"
            )
            box.setProperty("lacking", lacking > 0)
        self._show_state()

    def _offer(self, name: str) -> None:
        if name not in self.cameras:
            box = self.cameras[name] = QCheckBox(name)
            self._line.insertWidget(self._line.count() - 1, box)
            others = list(self.cameras.values())[:-1]
            QWidget.setTabOrder(others[-1] if others else self._nothing, box)
            box.toggled.connect(lambda _on: self._on_edit())

    def _show_state(self) -> None:
        self._nothing.setVisible(not self.cameras)
        self._pictures.setVisible(bool(self.ticked()))
        for box in self.cameras.values():
            box.setEnabled(self.size.isEnabled() and (box.isChecked() or not box.property("lacking")))

    def ticked(self) -> list[str]:
        """Return the names of the ticked cameras, sorted."""
        return sorted(name for name, box in self.cameras.items() if box.isChecked())

    def hindrance(self) -> str:
        """Return why the ticked cameras cannot be learned from; empty if they can."""
        lacking = [name for name in self.ticked() if self.cameras[name].property("lacking")]
        return f"Not all chosen episodes have pictures of {', '.join(lacking)}: untick it." if lacking else ""

    def changes(self) -> dict[str, str]:
        """Return the settings that differ from the defaults, as `train --set` takes them."""
        plain, names = CamerasConfig(), self.ticked()
        if not names:
            return {}
        found = {NAMES: ",".join(names)}
        if self.size.value() != plain.size:
            found[SIZE] = str(self.size.value())
        if self.encoder.currentData() != plain.encoder:
            found[ENCODER] = str(self.encoder.currentData())
        return found

    def show_changes(self, changes: Mapping[str, str]) -> None:
        """Show settings that came from elsewhere; nothing is told."""
        plain = CamerasConfig()
        names = [name for name in changes.get(NAMES, "").split(",") if name]
        self._quiet = True
        for name in names:
            if name not in self.cameras:
                self._offer(name)
                self.cameras[name].setProperty("lacking", name not in self._known)
        for name, box in self.cameras.items():
            box.setChecked(name in names)
        self.size.setValue(int(changes.get(SIZE, plain.size)))
        self.encoder.setCurrentIndex(self.encoder.findData(changes.get(ENCODER, plain.encoder)))
        self._quiet = False
        self._show_state()

    def _on_edit(self) -> None:
        self._show_state()
        if not self._quiet:
            self.edited.emit()

    def set_editable(self, editable: bool) -> None:
        """Lock the fields while something runs."""
        for field in (self.size, self.encoder):
            field.setEnabled(editable)
        self._show_state()
