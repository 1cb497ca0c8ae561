"""The 3D view with OpenGL (pyqtgraph's GLViewWidget), for machines whose graphics card draws it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph.opengl as gl
from PySide6.QtGui import QColor, QVector3D

from app.cloud.orbit import Orbit
from widgets.theme.switch import Exchange
from widgets.theme.tokens import Theme


class OpenGLScene(gl.GLViewWidget):
    """A `SceneView` on a QOpenGLWidget."""

    kind = "drawn by the graphics card"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._items: dict[str, Any] = {}
        self.setBackgroundColor(theme.colour("well"))
        self.setMinimumSize(200, 150)
        self.set_orbit(Orbit())

    def set_lines(
        self, name: str, points: np.ndarray, colour: QColor, width: float, strip: bool = True
    ) -> None:
        """Draw points (n, 3) as one polyline, or (2k, 3) as k separate pieces."""
        if len(points) < 2:
            self._drop(name)
            return
        values = {
            "pos": np.asarray(points, dtype=np.float32),
            "color": colour.getRgbF(),
            "width": width,
            "mode": "line_strip" if strip else "lines",
        }
        if name in self._items:
            self._items[name].setData(**values)
        else:
            self._add(name, gl.GLLinePlotItem(antialias=True, **values))

    def set_points(self, name: str, points: np.ndarray, colours: np.ndarray, size: float) -> None:
        """Draw points (n, 3) in colours: (n, 3) of 0..255, or (n,) uint32 of 0x00RRGGBB."""
        if not len(points):
            self._drop(name)
            return
        shades = np.ones((len(points), 4), dtype=np.float32)
        if colours.ndim == 1:
            colours = np.stack([(colours >> shift) & 255 for shift in (16, 8, 0)], axis=1)
        shades[:, :3] = colours / 255.0
        values = {"pos": np.asarray(points, dtype=np.float32), "color": shades, "size": size}
        if name in self._items:
            self._items[name].setData(**values)
        else:
            item = gl.GLScatterPlotItem(pxMode=True, **values)
            item.setGLOptions("opaque")
            self._add(name, item)

    def recolour(self, colours: Exchange) -> None:
        """Take the colours of the theme as it is now."""
        self.setBackgroundColor(self._theme.colour("well"))
        for item in self._items.values():
            if isinstance(item, gl.GLLinePlotItem):
                item.setData(color=colours.colour(QColor.fromRgbF(*item.color)).getRgbF())

    def _add(self, name: str, item: Any) -> None:
        self._items[name] = item
        self.addItem(item)

    def _drop(self, name: str) -> None:
        item = self._items.pop(name, None)
        if item is not None:
            self.removeItem(item)

    def set_orbit(self, orbit: Orbit) -> None:
        """Put the camera there."""
        self.opts["fov"] = orbit.field_of_view
        self.setCameraPosition(
            pos=QVector3D(*orbit.centre),
            distance=orbit.distance,
            elevation=orbit.elevation,
            azimuth=orbit.azimuth,
        )

    def orbit(self) -> Orbit:
        """Return where the camera is."""
        centre = self.opts["center"]
        return Orbit(
            (centre.x(), centre.y(), centre.z()),
            float(self.opts["distance"]),
            float(self.opts["azimuth"]),
            float(self.opts["elevation"]),
            float(self.opts["fov"]),
        )

    def redraw(self) -> None:
        """Draw what was set."""
        self.update()
