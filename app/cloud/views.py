"""The newest depth, colour and tool pose of each camera, as they come from the device server."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import simplejpeg

from app.cloud.depth import View
from app.core.errors import GeometryError, WireError
from app.core.wire.codec import decode_array, decode_depth
from app.core.wire.messages import SampleHeader, ServerInfo

POSE = "arm/pose"
Message = tuple[SampleHeader, bytes]


class Views:
    """Keeps what came last of every calibrated camera that publishes depth.

    Attributes:
        names: Those cameras.
        topics: What to subscribe to.
        fresh: A depth picture came since `newest` was asked.
        newest_ns: Session time of the newest depth picture.
    """

    def __init__(self, info: ServerInfo) -> None:
        offered = {spec.topic for spec in info.streams}
        self._cameras = {camera.name: camera for camera in info.cameras if f"{camera.name}/depth" in offered}
        self.names = sorted(self._cameras)
        wanted = [f"{name}/{kind}" for name in self.names for kind in ("depth", "color")]
        moving = any(camera.mount == "tool" for camera in self._cameras.values())
        self.topics = tuple(topic for topic in [*wanted, *([POSE] if moving else [])] if topic in offered)
        self.fresh, self.newest_ns = False, 0
        self._last: dict[str, Message] = {}
        self._pose = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
        self._has_pose = not moving

    def take(self, topic: str, header: SampleHeader, buffer: memoryview) -> None:
        """Take in one message; only the newest of a topic is kept, undecoded."""
        if topic == POSE:
            self._pose, self._has_pose = decode_array(header, buffer)[-1].copy(), True
            return
        self._last[topic] = (header, bytes(buffer))
        if topic.endswith("/depth"):
            self.fresh, self.newest_ns = True, header.t_ns[-1]

    def newest(self, refuse: Callable[[GeometryError], None]) -> list[View]:
        """Return the newest view of each camera; a picture that cannot be decoded goes to `refuse` instead."""
        self.fresh = False
        views = []
        for name in self.names:
            message = self._last.get(f"{name}/depth")
            camera = self._cameras[name]
            if message is None or (camera.mount == "tool" and not self._has_pose):
                continue
            header, data = message
            try:
                depth = decode_depth(data, header.shape).astype(np.float32) * 1e-3
            except WireError as error:
                refuse(GeometryError(f"depth of camera {name!r}", error.cause))
                continue
            views.append(View(camera, depth, self._colour(name), self._pose))
        return views

    def _colour(self, name: str) -> np.ndarray | None:
        message = self._last.get(f"{name}/color")
        if message is None:
            return None
        try:
            return np.asarray(simplejpeg.decode_jpeg(message[1], colorspace="RGB"))
        except ValueError:
            return None  # grey points: the depth is good
