"""How many takes the person plans to keep: set in Collect, compared with what there is in Review."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from widgets.context import WindowContext


class Plan(QObject):
    """The plan of a window.

    Signals:
        changed(): Another number is planned.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.takes: int | None = None

    @staticmethod
    def of(context: WindowContext) -> Plan:
        """Return the plan of a window, made when it is asked for first."""
        found = context.bridge.findChild(Plan)
        return found if isinstance(found, Plan) else Plan(context.bridge)

    def set(self, takes: int) -> None:
        """Say how many takes are planned."""
        if takes != self.takes:
            self.takes = takes
            self.changed.emit()
