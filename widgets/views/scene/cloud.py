"""The newest cloud of the role `cloud`, from the bridge into a 3D view."""

from __future__ import annotations

import numpy as np

from app.cloud.message import TOPIC, split
from widgets.bridge.bridge import Bridge
from widgets.views.scene.interface import SceneView

POINT_PX = 3.0  # a cloud of 4 mm voxels looks closed at this size
NAME = "cloud"


class LiveCloud:
    """Shows clouds as they come.

    Attributes:
        count: Points of the cloud that is shown.
        shown: How many clouds were shown so far.
    """

    def __init__(self, scene: SceneView) -> None:
        self._scene = scene
        self._seq = -1
        self.count = self.shown = 0

    def clear(self) -> None:
        """Show none."""
        self._seq, self.count = -1, 0
        self._scene.set_points(NAME, np.zeros((0, 3)), np.zeros((0, 3), dtype=np.uint8), POINT_PX)

    def refresh(self, bridge: Bridge) -> bool:
        """Take over a cloud that is new; returns whether one was."""
        frame = bridge.frames.get(TOPIC)
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
