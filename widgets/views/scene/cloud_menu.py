"""The button over the 3D scene: whether the cloud is shown, how fine, and fitting the cameras to each other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QPushButton

from widgets.cloud_session import DENSITIES, CloudSession
from widgets.theme.tokens import Theme


class CloudMenu(QPushButton):
    """Opens a menu; hidden while the rig has no camera that sees depth.

    Attributes:
        actions_by_name: One for each of `DENSITIES`.
        refine: Corrects the cameras' places by what they see together.
    """

    def __init__(self, clouds: CloudSession, theme: Theme) -> None:
        super().__init__("Cloud …")
        self._clouds = clouds
        self.setProperty("role", "caption")
        self.setFont(theme.font("small"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Cloud of the depth cameras")
        self.menu_of = QMenu(self)
        group = QActionGroup(self)
        self.actions_by_name: dict[str, QAction] = {}
        for name, (words, _) in DENSITIES.items():
            action = self.menu_of.addAction(words)
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, name=name: clouds.set_density(name))
            group.addAction(action)
            self.actions_by_name[name] = action
        self.menu_of.addSeparator()
        self.refine = self.menu_of.addAction("Fit the cameras to each other")
        self.refine.triggered.connect(clouds.refine)
        self.clicked.connect(self._open)
        clouds.changed.connect(self.look)
        self.look()

    def look(self) -> None:
        """Show what is chosen, and whether there is anything to choose."""
        self.setVisible(self._clouds.running)
        self.actions_by_name[self._clouds.density].setChecked(True)
        self.refine.setEnabled(self._clouds.shown)
        self.setToolTip(f"Cloud of the depth cameras: {DENSITIES[self._clouds.density][0].lower()}")

    def _open(self) -> None:
        self.menu_of.popup(self.mapToGlobal(self.rect().bottomLeft()))
