"""What the cameras showed, from the wire to the planner: kept undecoded in the control loop, decoded by the planner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.core.wire.messages import SampleHeader
from app.learning.data.pictures import square
from app.learning.settings import CamerasConfig

Frames = tuple[tuple[bytes, ...], ...]
"""JPEG pictures, first by moment, then by camera in the order of the settings."""


@dataclass(frozen=True)
class Shown:
    """The newest picture of a camera; `number` counts the pictures of all cameras as they came."""

    t_ns: int
    jpeg: bytes
    number: int


class Looking:
    """Keeps the newest picture of each camera that a policy sees."""

    def __init__(self, config: CamerasConfig) -> None:
        self._config = config
        self._newest: dict[str, Shown] = {}
        self._came = self._acted_on = 0

    def begin(self) -> None:
        """Forget what the last episode showed; what came since it was last looked at is of this one."""
        self._newest = {
            topic: shown for topic, shown in self._newest.items() if shown.number > self._acted_on
        }

    def receive(self, topic: str, header: SampleHeader, buffer: memoryview) -> bool:
        """Take in a picture; returns whether it is of one of the cameras."""
        if topic not in self._config.topics or header.encoding != "jpeg":
            return False
        self._came += 1
        self._newest[topic] = Shown(header.t_ns[-1], bytes(buffer), self._came)
        return True

    def missing(self, now_ns: int) -> str:
        """Return the stream of a camera that has shown nothing, or nothing recent enough; empty when all is well."""
        self._acted_on = self._came
        for topic in self._config.topics:
            shown = self._newest.get(topic)
            if shown is None or now_ns - shown.t_ns > self._config.stale_ns:
                return topic
        return ""

    def frames(self) -> tuple[bytes, ...]:
        """Return the newest picture of each camera; only when nothing is missing."""
        return tuple(self._newest[topic].jpeg for topic in self._config.topics)


def decoded(frames: Frames, config: CamerasConfig) -> Tensor | None:
    """Return pictures (1, moments, cameras, size, size, 3) as training has them; None where there are no cameras.

    Raises:
        LearningError: If a picture cannot be decoded; its camera is named.
    """
    if not config.names:
        return None
    done: dict[bytes, np.ndarray] = {}  # both moments often show the same picture
    for moment in frames:
        for camera, jpeg in zip(config.names, moment, strict=True):
            if jpeg not in done:
                done[jpeg] = square(jpeg, config.size, f"of camera {camera!r}")
    return torch.from_numpy(np.stack([np.stack([done[jpeg] for jpeg in moment]) for moment in frames]))[None]
