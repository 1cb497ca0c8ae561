"""What the wizard asks before it starts: where the camera sits, and which board is used."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QSpinBox, QWidget

from app.core.calibration import BoardSpec
from widgets.parts.text import label

MOUNTS = {
    "base": "fixed: the board is fastened to the tool",
    "tool": "on the tool: the board lies still",
}


class BoardSettings(QWidget):
    """Place of the camera, and size of the board as it was measured."""

    def __init__(self) -> None:
        super().__init__()
        board = BoardSpec()
        self.mount = QComboBox()
        for mount, words in MOUNTS.items():
            self.mount.addItem(words, mount)
        self.columns, self.rows = QSpinBox(), QSpinBox()
        for box, value in ((self.columns, board.columns), (self.rows, board.rows)):
            box.setRange(3, 30)
            box.setValue(value)
        self.square, self.marker = QDoubleSpinBox(), QDoubleSpinBox()
        for measure, metres in ((self.square, board.square_m), (self.marker, board.marker_m)):
            measure.setRange(2.0, 500.0)
            measure.setDecimals(2)
            measure.setSuffix(" mm")
            measure.setValue(metres * 1e3)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        for words, field in (
            ("Camera", self.mount), ("Squares across", self.columns), ("Squares down", self.rows),
            ("Square, measured", self.square), ("Marker, measured", self.marker),
        ):  # fmt: skip
            form.addRow(label(words), field)

    def words(self) -> list[str]:
        """Return the arguments of the role `calibrate`."""
        return [
            "--mount", str(self.mount.currentData()), "--columns", str(self.columns.value()), "--rows",
            str(self.rows.value()), "--square", f"{self.square.value():g}", "--marker", f"{self.marker.value():g}",
        ]  # fmt: skip
