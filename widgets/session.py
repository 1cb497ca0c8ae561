"""Composes the window: theme, bridge, rig, hand, pages. Used by the roles `window` and `shots`, and by tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QWidget

from app.core.wire.client import Endpoints
from widgets.augment.page import AugmentPage
from widgets.bridge.bridge import Bridge
from widgets.cloud_session import CloudSession
from widgets.collect.page import CollectPage
from widgets.context import Project, WindowContext
from widgets.deploy.page import DeployPage
from widgets.hand.hand import Hand
from widgets.inputs.tones import Tones
from widgets.layout_state import LayoutState
from widgets.main_window import MainWindow
from widgets.notifications.centre import Notifications
from widgets.notifications.hooks import Hooks, follow_jobs
from widgets.page import Page
from widgets.review.page import ReviewPage
from widgets.rig_session import RigSession
from widgets.status import StatusModel
from widgets.theme.sheet import style_sheet
from widgets.theme.switch import Exchange, recolour
from widgets.theme.tokens import THEMES, Theme
from widgets.train.page import TrainPage

PAGES: tuple[type[Page], ...] = (CollectPage, ReviewPage, AugmentPage, TrainPage, DeployPage)


def apply_theme(theme: Theme) -> None:
    """Give the application a theme."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: "ground",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "well",
        QPalette.ColorRole.AlternateBase: "surface",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.Highlight: "accent",
        QPalette.ColorRole.HighlightedText: "accent_text",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
    }
    for role, name in roles.items():
        palette.setColor(role, theme.colour(name))
    application.setPalette(palette)
    application.setFont(theme.font())
    application.setStyleSheet(style_sheet(theme))


class Session(QObject):
    """Everything behind one window; `close` ends it in the right order."""

    def __init__(
        self,
        rig: str,
        root: Path | None,
        theme_name: str | None,
        pages: Sequence[type[Page]],
        autostart: bool,
        elsewhere: Endpoints | None = None,
    ) -> None:
        super().__init__()
        self.notifications = Notifications(self)
        self.hooks = Hooks(self.notifications)
        self.layout_state = LayoutState(complain=self.notifications.warning)
        self._theme_name = THEMES[0]
        self.layout_state.add("theme", lambda: self._theme_name, self._restore_theme)
        if theme_name is not None:
            self._theme_name = theme_name
        self.bridge = Bridge(self)
        try:
            self._build(RigSession(rig, self.bridge, self, elsewhere), root, pages, autostart)
        except BaseException:
            self._let_go()  # the bridge's threads would keep the process for ever
            raise

    def _build(
        self, rig_session: RigSession, root: Path | None, pages: Sequence[type[Page]], autostart: bool
    ) -> None:
        theme = Theme.load(self._theme_name)
        apply_theme(theme)
        follow_jobs(self.bridge.jobs, self.notifications)
        self.context = WindowContext(
            bridge=self.bridge,
            jobs=self.bridge.jobs,
            rig=rig_session,
            project=Project.open(root),
            notifications=self.notifications,
            status=StatusModel(self),
            theme=theme,
            hand=Hand(self.bridge, self),
            tones=Tones(self.bridge.jobs, rig_session, self),
            clouds=CloudSession(self.bridge, rig_session, self.notifications, self),
            autostart=autostart,
        )
        self.layout_state.add("cloud", lambda: self.context.clouds.density, self.context.clouds.set_density)
        self.window = MainWindow(self.context, pages, self.layout_state)
        self.window.theme_asked.connect(self._on_theme_asked)

    def _restore_theme(self, name: object) -> None:
        if name not in THEMES:
            raise ValueError(f"there is no theme {name!r}")
        self._theme_name = str(name)

    def _on_theme_asked(self) -> None:
        """Change to the other theme and remember it. Meanwhile no beat would leave, so that motion ends first."""
        self._theme_name = "light" if self._theme_name == "dark" else "dark"
        self.context.hand.drop("the theme changes")
        theme = self.context.theme
        colours = Exchange(theme, Theme.load(self._theme_name))
        theme.become(self._theme_name)
        apply_theme(theme)
        recolour([self.window, *self.window.findChildren(QWidget)], colours)
        self.layout_state.save()

    def close(self) -> None:
        """Close the window, the sockets and the children that are left."""
        self.context.hand.close()
        self.window.close()
        self._let_go()
        self.window.deleteLater()

    def _let_go(self) -> None:
        """Close sockets, threads and children, and put the hooks back."""
        self.bridge.close()
        self.hooks.remove()


def open_session(
    rig: str,
    root: Path | None,
    theme: str | None,
    pages: Sequence[type[Page]] = PAGES,
    autostart: bool = True,
    elsewhere: Endpoints | None = None,
) -> Session:
    """Return a session with its window, not yet shown; `elsewhere` is a device server that runs already."""
    return Session(rig, root, theme, pages, autostart, elsewhere)
