"""Place of the workspace Augment, to be replaced by the real page: it says so and does nothing else."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout

from widgets.context import WindowContext
from widgets.page import Page


class AugmentPage(Page):
    """Keeps the workspace's place on the rail until it is built."""

    title = "Augment"
    icon = "augment"
    key = 3

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context)
        words = QLabel("This workspace is not built yet.")
        words.setProperty("role", "muted")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        QVBoxLayout(self).addWidget(words)
