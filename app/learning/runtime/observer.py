"""Live samples to the same features that the data set has, by the same rules: only what came until now counts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.core.wire.codec import decode_array
from app.core.wire.messages import SampleHeader
from app.learning.config import RuntimeConfig
from app.learning.data import features
from app.learning.policies.observing import ObservingPolicy
from app.learning.runtime.looking import Frames, Looking

Samples = deque[tuple[int, np.ndarray]]
"""The last samples of a stream with their session times."""


@dataclass(frozen=True)
class Observation:
    """What the policy knows at one tick. The sizes are those of one arm; of several the numbers stand side by side.

    Attributes:
        motion: Features (19,) in own units, touch: normalised (6 + components,).
        applied: Newest applied command (8,), base frame.
        stain: Newest estimate (4,): x y z in metres, yaw in rad, base frame. pose: Measured (7,), base frame.
        frames: The picture of each camera of the policy, as it came (JPEG).
    """

    t_ns: int
    motion: Tensor
    touch: Tensor
    applied: np.ndarray
    stain: np.ndarray
    pose: np.ndarray
    frames: tuple[bytes, ...] = ()

    @property
    def yaw(self) -> float:
        """Of the stroke, rad."""
        return float(self.stain[3])


class Observer:
    """Keeps the newest sample of each stream, the last wrenches, and the observations of the last chunk."""

    def __init__(self, policy: ObservingPolicy) -> None:
        self._policy = policy
        self._grid, self._runtime = policy.grid, policy.runtime
        self._looking, self._layout = Looking(policy.seen_cameras), policy.layout
        self._newest: dict[str, tuple[int, np.ndarray]] = {}
        self._wrenches = {topic: Samples(maxlen=256) for topic in self._layout.of_fingers("wrench")}
        self._fields = {topic: Samples(maxlen=64) for topic in self._layout.of_fingers("field")}
        # these must be fresh; an estimate of the stain may be older
        self._watched = (*self._layout.of_arms("pose"), *self._wrenches, *self._fields)
        self.past: deque[Observation] = deque(maxlen=self._grid.chunk * self._grid.fast + 1)

    def begin(self) -> None:
        """Forget the observations and pictures of the last episode; the newest other samples still hold."""
        self.past.clear()
        self._looking.begin()

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Take in one message."""
        topic = f"{header.device}/{header.signal}"
        if self._looking.receive(topic, header, buffer):
            return
        rows = np.array(decode_array(header, buffer), dtype=np.float64)
        self._newest[topic] = (header.t_ns[-1], rows[-1])
        kept = self._wrenches.get(topic, self._fields.get(topic))
        if kept is not None:
            kept.extend(zip(header.t_ns, rows, strict=True))

    def missing(self, now_ns: int) -> str:
        """Return the stream that has not come, or that is too old to act on; empty when all is well."""
        unseen = self._looking.missing(now_ns)
        for topic in self._layout.topics:
            if topic not in self._newest:
                return topic
        stale = (topic for topic in self._watched if now_ns - self._newest[topic][0] > self._runtime.stale_ns)
        return next(stale, "") or unseen

    def observe(self, now_ns: int) -> Observation:
        """Return and remember what is known now; call it once per tick, when nothing is missing.

        For a moment that has passed meanwhile, the touch is that of the moment; the rest is the newest.
        """
        pose, applied = (
            np.concatenate([self._newest[topic][1] for topic in self._layout.of_arms(signal)])
            for signal in ("pose", "applied")
        )
        stain = self._newest[self._layout.place][1]
        motion = features.motion_features(pose, applied, stain)
        with torch.no_grad():
            touch = self._policy.touch(_float(self._wrench(now_ns)), _float(self._field(now_ns)))
        seen = Observation(now_ns, _float(motion), touch, applied, stain, pose, self._looking.frames())
        self.past.append(seen)
        return seen

    def _wrench(self, now_ns: int) -> np.ndarray:
        """Return the filtered wrench of each finger (arms·6,)."""
        since, told = now_ns - self._grid.filter_ns, []
        for topic, samples in self._wrenches.items():
            recent = [value for t, value in samples if since < t <= now_ns]
            newest = self._newest[topic][1]
            told.append(np.mean(recent, axis=0) if recent else newest_until(samples, now_ns, newest))
        return np.concatenate(told)

    def _field(self, now_ns: int) -> np.ndarray:
        """Return the flattened fields of all fingers (markers·3,)."""
        return np.concatenate(
            [
                newest_until(samples, now_ns, self._newest[topic][1]).ravel()
                for topic, samples in self._fields.items()
            ]
        )

    def touch_times(self) -> tuple[int, int]:
        """Return the session times of the newest wrench and the newest field; of several fingers the older ones."""
        wrenches, fields = ([self._newest[topic][0] for topic in of] for of in (self._wrenches, self._fields))
        return min(wrenches), min(fields)

    def at(self, t_ns: int) -> Observation:
        """Return the newest observation at or before a time (half a tick of slack), or the oldest one kept."""
        limit = t_ns + self._grid.fast_ns // 2
        for seen in reversed(self.past):
            if seen.t_ns <= limit:
                return seen
        return self.past[0]

    def pair(self) -> tuple[Observation, Observation]:
        """Return what the planner sees: the observation `history` ticks before the newest, and the newest."""
        newest = self.past[-1]
        return self.at(newest.t_ns - self._grid.history * self._grid.period_ns), newest

    def frames(self) -> Frames:
        """Return the pictures of both observations that the planner sees."""
        return tuple(seen.frames for seen in self.pair())

    def condition(self) -> Tensor:
        """Return what the planner is told besides pictures (1, C), of both observations."""
        pair = self.pair()
        motion = torch.stack([seen.motion for seen in pair])[None]
        touch = torch.stack([seen.touch for seen in pair])[None]
        with torch.no_grad():
            return self._policy.condition(motion, touch)


def newest_until(samples: Samples, t_ns: int, otherwise: np.ndarray) -> np.ndarray:
    """Return the newest sample stamped `t_ns` or earlier; `otherwise` where none is kept."""
    return next((value for stamp, value in reversed(samples) if stamp <= t_ns), otherwise)


def _float(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def leashed(command: np.ndarray, applied: np.ndarray, config: RuntimeConfig) -> np.ndarray:
    """Return the commands (arms·8,), each pulled back to within `leash_m` of what its governor applied."""
    pairs = zip(
        features.each_arm(command, features.COMMAND),
        features.each_arm(applied, features.COMMAND),
        strict=True,
    )
    return np.concatenate([_leashed(asked, done, config) for asked, done in pairs])


def _leashed(command: np.ndarray, applied: np.ndarray, config: RuntimeConfig) -> np.ndarray:
    gap = command[:3] - applied[:3]
    distance = float(np.linalg.norm(gap))
    if distance <= config.leash_m:
        return command
    return np.concatenate([applied[:3] + gap * (config.leash_m / distance), command[3:]])
