"""Opens a Qt application on the platform of the environment and, where there is a screen, asks for OpenGL."""

from __future__ import annotations

import json

from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext


def main() -> None:
    """Print the Qt platform and the OpenGL version (null where no context can be made)."""
    application = QGuiApplication([])
    context, surface = QOpenGLContext(), QOffscreenSurface()
    opengl = None
    if application.platformName() != "offscreen" and context.create():
        surface.create()
        if context.makeCurrent(surface):
            shape = context.format()
            opengl = f"{shape.majorVersion()}.{shape.minorVersion()}"
            context.doneCurrent()
    print(json.dumps({"platform": application.platformName(), "opengl": opengl}))


if __name__ == "__main__":
    main()
