"""Looks once, when a rig has come up, whether the calibrated cameras still stand where they were, and warns."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from app.core.calibration import EXPIRES_DAYS, age_days
from app.core.wire.messages import ServerInfo
from widgets.context import WindowContext


class CalibrationWatch(QObject):
    """One for each page that shows cameras; only a rig with calibrations of ours is looked at.

    Signals:
        moved(str, str): Name of a camera that has moved, and what was seen.
    """

    moved = Signal(str, str)

    def __init__(self, context: WindowContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context

    def look(self, info: ServerInfo | None) -> None:
        """Start the check, and tell at once which calibrations are too old."""
        kept = [camera for camera in info.cameras if camera.calibrated] if info is not None else []
        if not kept or info is None or info.lockstep or not self._context.rig.connect_text:
            return
        for camera in kept:
            if age_days(camera.calibrated) > EXPIRES_DAYS:
                text = f"The calibration of the {camera.name} camera is older than {EXPIRES_DAYS:g} days."
                self._context.notifications.warning(text, "calibration")
        words = ("--rig", self._context.rig.name, "--connect", self._context.rig.connect_text)
        self._context.jobs.start("calibrate", "check", *words).result.connect(self._on_result)

    def _on_result(self, body: dict[str, Any]) -> None:
        for name, about in body["cameras"].items():
            if about.get("moved"):
                self.moved.emit(name, str(about["words"]))
                self._context.notifications.warning(f"The {name} camera: {about['words']}", "calibration")
