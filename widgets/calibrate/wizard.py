"""The calibration wizard: start, take views as it advises, calibrate, look at the errors, keep.

It does not cover the window, so that the arm can be moved with the mouse on a camera's picture between two views.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from widgets.bridge.jobs import Job
from widgets.calibrate.picture import BoardPicture
from widgets.calibrate.settings import BoardSettings
from widgets.context import WindowContext
from widgets.parts.text import label, row

START = "Measure the printed board with a ruler, enter its sizes, and start."
HOW = "Move the arm, let go, and wait until the view is taken. Moving: drag on a camera's picture in the window."


class CalibrationWizard(QDialog):
    """Calibrates one camera of the rig that is connected.

    Attributes:
        looks: How many pictures were looked at for the board.
    """

    def __init__(self, context: WindowContext, camera: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self.camera = context, camera
        self.job: Job | None = None
        self.looks = 0
        self.setWindowTitle(f"Calibrate the {camera} camera")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.picture, self.settings = BoardPicture(context.theme), BoardSettings()
        known = context.rig.camera(camera)
        if known is not None:
            self.settings.mount.setCurrentIndex(self.settings.mount.findData(known.mount))
        self.advice, self.seen = label(START, wrap=True), label("", "muted", wrap=True)
        self.outcome, self.board = label("", wrap=True), label("", "muted", wrap=True)
        self.views = QListWidget()
        self.views.setWordWrap(True)
        self.automatic = QCheckBox("Take views by themselves")
        self.automatic.setChecked(True)
        self.print, self.start = QPushButton("Save board to print …"), QPushButton("Start")
        self.take, self.drop = QPushButton("Take view  (V)"), QPushButton("Leave view out")
        self.solve, self.keep = QPushButton("Calibrate"), QPushButton("Keep")
        self._size = (4, 3)
        self._build()
        self._show_board("")
        self._connect()
        self._allow()

    def _build(self) -> None:
        theme = self._context.theme
        side = QVBoxLayout()
        side.setSpacing(theme.grid())
        side.addWidget(self.advice)
        side.addWidget(self.seen)
        side.addWidget(self.settings)
        side.addLayout(row(self.print, self.start))
        side.addWidget(self.board)
        side.addWidget(self.views, 1)
        side.addWidget(self.automatic)
        side.addLayout(row(self.take, self.drop))
        side.addWidget(self.outcome)
        side.addLayout(row(self.solve, self.keep))
        side.addStretch(0)
        right = QWidget()
        right.setLayout(side)
        right.setFixedWidth(theme.grid(48))
        line = QHBoxLayout(self)
        line.setSpacing(theme.grid(2))
        line.addWidget(self.picture, 1)
        line.addWidget(right)
        self.resize(1080, 620)

    def _connect(self) -> None:
        self.start.clicked.connect(self.begin)
        self.print.clicked.connect(self._save_board)
        self.take.clicked.connect(lambda: self._tell("take"))
        self.drop.clicked.connect(lambda: self._tell("drop", index=self.views.currentRow()))
        self.solve.clicked.connect(lambda: self._tell("solve"))
        self.keep.clicked.connect(lambda: self._tell("save"))
        self.automatic.toggled.connect(lambda on: self._tell("automatic", on=on))
        self.views.currentRowChanged.connect(lambda _row: self._allow())
        QShortcut(QKeySequence("V"), self).activated.connect(self.take.click)
        self._context.bridge.ticked.connect(self._on_tick)

    def begin(self) -> None:
        """Start the child that looks for the board."""
        context = self._context
        if not context.rig.connect_text:
            self.advice.setText("The rig is not connected. Connect it in Collect first.")
            return
        words = ["--rig", context.rig.name, "--camera", self.camera, "--connect", context.rig.connect_text]
        self.job = context.jobs.start("calibrate", *words, *self.settings.words())
        self.job.ready.connect(self._on_ready)
        self.job.state.connect(self._on_state)
        self.job.ended.connect(self._on_ended)
        self.advice.setText("Starting …")
        self._allow()

    def _tell(self, name: str, **body: Any) -> None:
        if self.job is not None:
            self.job.intent(name, **body)

    def _on_ready(self, body: dict[str, Any]) -> None:
        self._size = (int(body["size"][0]), int(body["size"][1]))

    def _on_state(self, body: dict[str, Any]) -> None:
        name = body.get("name")
        if name == "look":
            self.looks += 1
            self.picture.show_board(body["corners"], self._size, bool(body["still"]))
            self.seen.setText(str(body["words"]) or "Taken.")
        elif name == "views":
            self._show_views(body)
        elif name == "solved":
            methods = sorted(body["methods"].items(), key=lambda item: item[1])
            others = ", ".join(f"{method} {error:.2f}" for method, error in methods)
            self.outcome.setText(f"{body['text']}.\nError on held-out poses in px: {others}.")
            self.keep.setEnabled(True)
        elif name == "saved":
            self.outcome.setText(f"{self.outcome.text()}\nKept. It is used from now on.")
            self.keep.setEnabled(False)
            self._context.rig.describe_again()
        elif name == "problem":
            self.outcome.setText(str(body["text"]))

    def _show_views(self, body: dict[str, Any]) -> None:
        self.picture.show_coverage(body["coverage"])
        self.views.clear()
        for view in body["views"]:
            residual = view["residual_px"]
            words = "" if residual is None else f", {residual:.2f} px"
            words = f", left out: {view['rejected']}" if view["rejected"] else words
            self.views.addItem(f"{view['name']}: {view['corners']} corners{words}")
        self.advice.setText(str(body["advice"]) or "Enough views: calibrate, or take more.")
        self.advice.setToolTip(HOW)
        self.solve.setEnabled(bool(body["enough"]))

    def _on_ended(self, _status: int, words: str) -> None:
        self.job = None
        self.seen.setText("")
        if words:
            self.advice.setText(words)
        self._allow()

    def _allow(self) -> None:
        """Say by the buttons what can be done now."""
        runs = self.job is not None
        for asked in (self.settings, self.print, self.start):
            asked.setVisible(not runs)
        for used in (self.seen, self.views, self.automatic, self.take, self.drop, self.solve, self.keep):
            used.setVisible(runs)
        for button in (self.take, self.automatic):
            button.setEnabled(runs)
        self.drop.setEnabled(runs and self.views.currentRow() >= 0)
        if not runs:
            self.solve.setEnabled(False)
            self.keep.setEnabled(False)

    def _save_board(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the board", "calibration_board.pdf", "PDF (*.pdf);;PNG (*.png)"
        )
        if path:
            self.save_board(path)

    def save_board(self, path: str) -> None:
        """Have the board written; what to mind when printing is said when it is done."""
        job = self._context.jobs.start("calibrate", "board", *self.settings.words(), "--out", path)
        job.result.connect(lambda body: self._show_board(f"{body['file']}: {body['about']}."))
        job.ended.connect(lambda status, words: self._show_board(words) if status else None)

    def _show_board(self, words: str) -> None:
        """Say what became of the board to print, in a line of its own: the advice belongs to the child that looks."""
        self.board.setText(words)
        self.board.setVisible(bool(words))

    def _on_tick(self) -> None:
        if self.isVisible():
            frame = self._context.bridge.picture(f"{self.camera}/color")
            if frame is not None and frame.image is not None:
                self.picture.show_image(frame.image)

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the child."""
        self._context.bridge.ticked.disconnect(self._on_tick)
        if self.job is not None:
            self.job.stop()
        super().closeEvent(event)
