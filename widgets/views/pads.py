"""The flat views of all touch sensors below each other, beside the 3D scene."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.theme.tokens import Theme
from widgets.views.live import Live
from widgets.views.pad import PadView
from widgets.views.scales import Scales

MOST = 4


class Pads(QWidget):
    """One `PadView` for each touch sensor; hidden while the rig has none.

    Attributes:
        views: The view of each sensor, by name.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.views: dict[str, PadView] = {}
        self.setMinimumWidth(140)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.grid())
        self.build(["finger"])

    def build(self, names: Sequence[str], fields: Collection[str] = ()) -> None:
        """Show these sensors, four at most; those with a field get more room than those with numbers."""
        names = names[:MOST]
        self.setVisible(bool(names))
        if list(self.views) == list(names):
            return
        for view in self.views.values():
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
        self.views = {name: PadView(name, self._theme) for name in names}
        for view in self.views.values():
            self._column.addWidget(view, 3 if view.name in fields else 1)

    def clear(self) -> None:
        """Forget what was felt."""
        for view in self.views.values():
            view.show_touch(None, Scales())

    def show_live(self, live: Live) -> None:
        """Show the newest state."""
        for touch in live.touches:
            view = self.views.get(touch.name)
            if view is not None:
                view.show_touch(touch, live.scales)
