"""The newest cloud of the role `cloud`, from the bridge into a 3D view: as points, or as the picture drawn of them."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from app.cloud.message import TOPIC, split
from app.cloud.painter import Viewpoint
from widgets.bridge.bridge import Bridge
from widgets.cloud_session import CloudSession
from widgets.views.scene.interface import SceneView
from widgets.views.scene.software import SoftwareScene

POINT_PX = 3.0  # a cloud of 4 mm voxels looks closed at this size
NAME = "cloud"


class PointScene(SceneView, Protocol):
    """A 3D view that draws points itself."""

    def set_points(self, name: str, points: np.ndarray, colours: np.ndarray, size: float) -> None:
        """Draw points (n, 3) in colours: (n, 3) of 0..255, or (n,) uint32 of 0x00RRGGBB."""
        ...


class LiveCloud(Protocol):
    """Shows clouds as they come.

    Attributes:
        count: Points of the cloud that is shown.
        shown: How many clouds were shown so far.
    """

    count: int
    shown: int

    def clear(self) -> None:
        """Show none."""
        ...

    def refresh(self) -> bool:
        """Take over what is new; returns whether anything was. Call it whenever the scene is painted."""
        ...


def make_cloud(scene: SceneView, bridge: Bridge, clouds: CloudSession) -> LiveCloud:
    """Return what shows clouds in this scene."""
    if isinstance(scene, SoftwareScene):
        return DrawnCloud(scene, clouds)
    return CloudOfPoints(scene, bridge)  # type: ignore[arg-type]


class CloudOfPoints:
    """A `LiveCloud` of points, for a view that the graphics card draws."""

    def __init__(self, scene: PointScene, bridge: Bridge) -> None:
        self._scene, self._bridge = scene, bridge
        self._seq = -1
        self.count = self.shown = 0

    def clear(self) -> None:
        """Show none."""
        self._seq, self.count = -1, 0
        self._scene.set_points(NAME, np.zeros((0, 3)), np.zeros((0, 3), dtype=np.uint8), POINT_PX)

    def refresh(self) -> bool:
        """Take over a cloud that is new."""
        frame = self._bridge.frames.get(TOPIC)
        if frame is None or frame.header.seq == self._seq:
            return False
        packed = frame.data
        self._seq = frame.header.seq
        if not isinstance(packed, np.ndarray) or packed.ndim != 2 or packed.shape[1] != 4:
            return False
        points, colours = split(packed)
        self.count, self.shown = len(points), self.shown + 1
        self._scene.set_points(NAME, points, colours, POINT_PX)
        return True


class DrawnCloud:
    """A `LiveCloud` that the process `splat` draws, for a view that the processor draws."""

    def __init__(self, scene: SoftwareScene, clouds: CloudSession) -> None:
        self._scene, self._clouds = scene, clouds
        self._seq, self._t_ns = -1, 0
        self.count = self.shown = 0

    def clear(self) -> None:
        """Show none."""
        self._seq, self.count = -1, 0
        self._scene.set_cloud(None)

    def refresh(self) -> bool:
        """Ask for the cloud as it is seen now, and take over a picture that is new."""
        drawer, scene = self._clouds.drawer, self._scene
        drawer.want(Viewpoint(scene.orbit(), scene.width(), scene.height()))
        frame = drawer.picture()
        if frame is None or frame.header.seq == self._seq:
            return False
        self._seq = frame.header.seq
        picture = frame.data
        if not isinstance(picture, np.ndarray) or picture.ndim != 2 or picture.dtype != np.uint32:
            return False
        if frame.t_ns != self._t_ns:
            self._t_ns, self.shown = frame.t_ns, self.shown + 1
        self.count = drawer.offered
        scene.set_cloud(picture, drawer.offered, drawer.drawn)
        return True
