"""What a workspace is to the frame: a widget with a title, an icon, and a moment when it appears and goes."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QWidget

from widgets.context import WindowContext


class Page(QWidget):
    """Base of the five workspaces.

    Attributes:
        title: On the rail.
        icon: Name of an SVG file in `resources/style/icons`.
        key: Its digit: Ctrl+key opens it.
        key_help: Rows of (key, what it does) for the key map; groups start with a row ("", heading).
        watched: It shows the robot as it moves: messages stand beside it, not over it.
    """

    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    key: ClassVar[int] = 0
    key_help: ClassVar[tuple[tuple[str, str], ...]] = ()
    watched: ClassVar[bool] = False

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.context = context
        self.setObjectName("page")

    def appear(self) -> None:
        """Called when the page comes to the front: refresh what may have changed."""

    def tell(self) -> None:
        """Put this workspace's words on the status strip; called in front, when nobody has the rig any more."""

    def vanish(self) -> None:
        """Called when another page comes to the front: stop what only makes sense while it is seen."""

    def save_state(self) -> dict[str, object]:
        """Return what to remember of the page's layout (JSON values)."""
        return {}

    def restore_state(self, state: dict[str, object]) -> None:
        """Take over what `save_state` returned at the end of the last run."""
