"""Which 3D view this machine gets, and why: OpenGL only where a graphics card does it.

A software OpenGL draws 50,000 points at 38 pictures a second, the numpy splat at 102, on the same two cores
(decision 0032).
"""

from __future__ import annotations

import os
from functools import lru_cache

from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import QWidget

from app.core.errors import UsageError
from widgets.theme.tokens import Theme
from widgets.views.scene.interface import SceneView
from widgets.views.scene.software import SoftwareScene

CHOICES = ("auto", "gl", "software")
SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swrast", "software", "swiftshader", "basic render")
GL_RENDERER = 0x1F01


@lru_cache(maxsize=1)
def renderer() -> str:
    """Return the name of the OpenGL renderer, empty if there is none."""
    if QGuiApplication.platformName() in ("offscreen", "minimal"):
        return ""
    context, surface = QOpenGLContext(), QOffscreenSurface()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return ""
    try:
        name = context.functions().glGetString(GL_RENDERER)
        return str(name) if name else "unknown"
    finally:
        context.doneCurrent()


def has_card(choice: str | None = None) -> bool:
    """Whether OpenGL draws the 3D scene here.

    Args:
        choice: auto, gl or software; `TOUCHSTONE_SCENE` by default, else auto.

    Raises:
        UsageError: If there is no such choice, or OpenGL is asked for and there is none.
    """
    choice = choice or os.environ.get("TOUCHSTONE_SCENE", "auto")
    if choice not in CHOICES:
        raise UsageError(f"TOUCHSTONE_SCENE={choice}", "there is no such 3D view", options=CHOICES)
    name = renderer()
    if choice == "gl" and not name:
        raise UsageError("TOUCHSTONE_SCENE=gl", "this screen has no OpenGL", options=["auto", "software"])
    is_card = bool(name) and not any(word in name.lower() for word in SOFTWARE_RENDERERS)
    return choice == "gl" or (choice == "auto" and is_card)


def make_scene(theme: Theme, choice: str | None = None) -> tuple[SceneView, QWidget]:
    """Return the 3D view twice: as what it does, and as the widget that it is; `choice` as in `has_card`."""
    if has_card(choice):
        from widgets.views.scene.opengl import OpenGLScene

        view = OpenGLScene(theme)
        return view, view
    software = SoftwareScene(theme)
    return software, software
