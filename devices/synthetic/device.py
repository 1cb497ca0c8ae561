"""The synthetic device as a `Device`: pictures that are drawn once and repeated, and numbers in closed form.

It costs its own process little, so that `bench window` measures the window and not the maker of the load.
"""

from __future__ import annotations

import time

import numpy as np
import simplejpeg

from app.core.rig import Rig
from app.core.safety.governor import Measured
from app.core.wire.codec import encode_depth
from app.core.wire.messages import StreamSpec
from devices.interface import Description, Notice, Sample
from devices.options import read_options
from devices.synthetic import scene
from devices.synthetic.options import LoadOptions

TICK_S = 0.004
TICK_NS = 4_000_000
HOME = np.array([0.5, 0.0, 0.16, 0.0, 1.0, 0.0, 0.0])
ROWS, COLUMNS, PITCH_M = 9, 7, 0.0025
FIELD_TICKS = 4
QUALITY = 90


def marker_grid() -> np.ndarray:
    """Return the markers' rest places (63, 3), m, tool frame."""
    x, y = np.meshgrid(np.arange(COLUMNS) - COLUMNS // 2, np.arange(ROWS) - ROWS // 2)
    return np.stack([x.ravel() * PITCH_M, y.ravel() * PITCH_M, np.zeros(x.size)], axis=1)


def wrench_at(t_s: np.ndarray) -> np.ndarray:
    """Return wrenches (n, 6) at times (n,): slow waves with a fast tremor, N and N·m."""
    phases = np.arange(6)
    size = np.array([4.0, 3.0, 9.0, 0.06, 0.05, 0.02])
    slow = np.sin(2 * np.pi * 0.3 * t_s[:, None] + phases)
    fast = 0.1 * np.sin(2 * np.pi * (90.0 + 13.0 * phases) * t_s[:, None])
    return (slow + fast) * size


class _Camera:
    """One camera's pictures, encoded once."""

    def __init__(self, name: str, options: LoadOptions) -> None:
        self.name = name
        self.info = scene.camera_info(name, options.picture)
        noise = np.random.default_rng(len(name))
        views = [scene.render(self.info, index / options.phases, noise) for index in range(options.phases)]
        self.colour = [
            simplejpeg.encode_jpeg(view.colour, quality=QUALITY, colorspace="RGB") for view in views
        ]
        self.depth = [encode_depth(view.depth) for view in views] if options.depth_rate else []


class SyntheticLoad:
    """Publishes what its options say; follows every target at once."""

    def __init__(self, options: LoadOptions, lockstep: bool) -> None:
        self._options, self._lockstep = options, lockstep
        self._cameras = [_Camera(name, options) for name in list(scene.CAMERAS)[: options.cameras]]
        self._markers = marker_grid()
        self._pose, self._gripper, self._ticks = HOME.copy(), 0.04, 0
        self._zero_ns = 0 if lockstep else time.monotonic_ns()

    def describe(self) -> Description:
        """Return streams, cameras, markers and home pose."""
        options = self._options
        note = f"synthetic: {len(self._cameras)} cameras at {options.picture_rate:g} Hz, no physics"
        return Description(
            streams=(*self._number_streams(), *self._picture_streams()),
            cameras=tuple(camera.info for camera in self._cameras),
            markers_m=self._markers, home=HOME, tick_s=TICK_S, note=note,
        )  # fmt: skip

    def _number_streams(self) -> tuple[StreamSpec, ...]:
        rate = float(self._options.wrench_rate)
        joints = (StreamSpec("arm", "joints", "<f8", (14,), float(self._options.state_rate), "rad, rad/s"),)
        return (
            *(joints if self._options.state_rate else ()),
            StreamSpec("arm", "pose", "<f8", (7,), 250.0, "m, quaternion", "base"),
            StreamSpec("arm", "gripper", "<f8", (1,), 250.0, "m"),
            StreamSpec("finger", "wrench", "<f4", (6,), rate, "N, N·m", "tool"),
            StreamSpec("finger", "field", "<f4", self._markers.shape, 62.5, "mm", "tool"),
        )

    def _picture_streams(self) -> tuple[StreamSpec, ...]:
        (width, height), options = self._options.picture, self._options
        specs = []
        for camera in self._cameras:
            colour, depth = (height, width, 3), (height, width)
            specs.append(
                StreamSpec(camera.name, "color", "|u1", colour, options.picture_rate, encoding="jpeg")
            )
            if camera.depth:
                specs.append(
                    StreamSpec(
                        camera.name, "depth", "<u2", depth, options.depth_rate, "mm", encoding="depth16",
                        required=False,
                    )
                )  # fmt: skip
        return tuple(specs)

    def reset(self, seed: int, condition: str) -> str:
        """Go home; the seed changes nothing."""
        self._pose, self._gripper = HOME.copy(), 0.04
        return ""

    def tare(self) -> None:
        """Nothing has a zero here."""

    def measured(self) -> Measured:
        """Return the pose; there is no contact."""
        return Measured(self._pose, self._gripper, 0.0, np.zeros(3))

    def advance(self, pose: np.ndarray, gripper: float) -> list[Sample]:
        """Be at the target, and return the samples of one governor period."""
        self._pose, self._gripper = np.array(pose), gripper
        self._ticks += 1
        now = self._now_ns()
        samples = self._numbers(now)
        for rate, kind in ((self._options.picture_rate, "color"), (self._options.depth_rate, "depth")):
            count = int(self._ticks * TICK_S * rate)
            if count > int((self._ticks - 1) * TICK_S * rate):
                samples.extend(self._pictures(kind, count, now))
        return samples

    def _now_ns(self) -> int:
        return self._ticks * TICK_NS if self._lockstep else time.monotonic_ns() - self._zero_ns

    def _numbers(self, now_ns: int) -> list[Sample]:
        count = self._options.wrench_rate // 250
        times = now_ns - (TICK_NS // count) * np.arange(count - 1, -1, -1)
        rows = wrench_at(times * 1e-9).astype(np.float32)
        samples = [Sample("finger/wrench", int(t), row) for t, row in zip(times, rows, strict=True)]
        samples.extend(self._joints(now_ns))
        samples.append(Sample("arm/pose", now_ns, self._pose))
        samples.append(Sample("arm/gripper", now_ns, np.array([self._gripper])))
        if self._ticks % FIELD_TICKS == 0:
            swing = 0.4 * np.sin(2e-9 * now_ns + self._markers[:, :1] * 200.0)
            field = (swing * np.array([1.0, 0.5, 0.25])).astype(np.float32)
            samples.append(Sample("finger/field", now_ns, field))
        return samples

    def _joints(self, now_ns: int) -> list[Sample]:
        count = self._options.state_rate // 250
        times = now_ns - (TICK_NS // max(count, 1)) * np.arange(count - 1, -1, -1)
        return [Sample("arm/joints", int(t), np.sin(2e-9 * t + np.arange(14))) for t in times]

    def _pictures(self, kind: str, count: int, now_ns: int) -> list[Sample]:
        made = [(camera.name, camera.colour if kind == "color" else camera.depth) for camera in self._cameras]
        rate = self._options.picture_rate if kind == "color" else self._options.depth_rate
        phase = round(count / rate * self._options.phases)  # one way to and fro a second
        return [Sample(f"{name}/{kind}", now_ns, each[phase % len(each)]) for name, each in made if each]

    def snapshot(self) -> list[Sample]:
        """Return one sample of everything at the present moment."""
        now = self._now_ns()
        field = Sample("finger/field", now, np.zeros(self._markers.shape, np.float32))
        numbers = {sample.topic: sample for sample in [field, *self._numbers(now)]}
        return [*numbers.values(), *self._pictures("color", 0, now), *self._pictures("depth", 0, now)]

    def task_over(self) -> bool:
        """There is no task."""
        return False

    def notices(self) -> list[Notice]:
        """Nothing can fail here."""
        return []

    def close(self) -> None:
        """Nothing is held."""


def make(rig: Rig, lockstep: bool) -> SyntheticLoad:
    """Return the device that a rig file describes."""
    return SyntheticLoad(read_options(rig.name, rig.device.options, LoadOptions), lockstep)
