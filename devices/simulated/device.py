"""The simulated bench as a `Device`: what one Panda, its gel finger, two cameras and the task publish, and when.

Rates are counted in governor periods (4 ms) since the last reset, so that a seed repeats exactly.
"""

from __future__ import annotations

import numpy as np

from app.core.errors import DeviceError
from app.core.geometry import quat_to_matrix
from app.core.rig import Rig
from app.core.safety.governor import Measured
from app.core.wire.messages import CameraInfo, StreamSpec
from devices.interface import Description, Notice, Sample
from devices.options import read_options
from devices.simulated.bench import Bench
from devices.simulated.options import BenchOptions
from devices.simulated.pictures import Pictures, make_pictures
from devices.simulated.target import AIMED_AT
from devices.simulated.tasks.interface import CONDITIONS

TICK_S = 0.004
STEPS_PER_TICK = 2
FIELD_TICKS = 4  # 62.5 Hz
VISION_TICKS = 10  # 25 Hz
SCORE_TICKS = 5  # 50 Hz: at the end of every control period, so that "task over" and the last score agree
CAMERAS = ("scene", "wrist")
TARE_SAMPLES = 25

POSE_LABELS = ("x", "y", "z", "qw", "qx", "qy", "qz")
WRENCH_LABELS = ("fx", "fy", "fz", "tx", "ty", "tz")


def arm_streams(arm: str, finger: str, markers: int) -> tuple[StreamSpec, ...]:
    """Return the specs of what one arm and its gel finger publish, under these names."""
    joints = tuple(f"q{i}" for i in range(1, 8)) + tuple(f"dq{i}" for i in range(1, 8))
    twist = ("vx", "vy", "vz", "wx", "wy", "wz")
    return (
        StreamSpec(arm, "joints", "<f8", (14,), 250.0, "rad, rad/s", labels=joints),
        StreamSpec(arm, "pose", "<f8", (7,), 250.0, "m, quaternion", "base", labels=POSE_LABELS),
        StreamSpec(arm, "twist", "<f8", (6,), 250.0, "m/s, rad/s", "base", labels=twist),
        StreamSpec(arm, "gripper", "<f8", (1,), 250.0, "m", labels=("opening",)),
        StreamSpec(finger, "wrench", "<f4", (6,), 250.0, "N, N·m", "tool", labels=WRENCH_LABELS),
        StreamSpec(finger, "field", "<f4", (markers, 3), 62.5, "mm", "tool"),
    )


def task_streams(seen: str) -> tuple[StreamSpec, ...]:
    """Return the specs of what vision says, under the name of what it sees, and of the task's score."""
    place = ("x", "y", "z", "yaw")
    return (
        StreamSpec("vision", seen, "<f8", (4,), 25.0, "m, m, m, rad", "base", labels=place),
        StreamSpec("task", "score", "<f8", (2,), 50.0, labels=("score", "removed"), privileged=True),
    )


class SimulatedPanda:
    """One MuJoCo bench behind the `Device` interface.

    Args:
        bench: The physics.
        pictures: Renders, in its own thread (real time) or at once (lock-step).
        condition: What `reset` uses when no condition is asked for.
        hidden: A camera whose place is for the person to find out; empty: all are known.
    """

    def __init__(self, bench: Bench, pictures: Pictures, condition: str, hidden: str = "") -> None:
        self._bench, self._pictures, self._condition = bench, pictures, condition
        self._known = tuple(name for name in CAMERAS if name != hidden)
        self._ticks = 0
        self._wrench_bias = np.zeros(6)
        self._field_bias: np.ndarray | None = None
        self._recent: list[np.ndarray] = []
        self._gripper = 0.04
        self.reset(0, condition)

    def describe(self) -> Description:
        """Return streams, cameras, markers and home pose."""
        bench = self._bench
        markers = np.asarray(bench.pad_geometry())
        return Description(
            streams=(*arm_streams("arm", "finger", len(markers)), *task_streams("stain"), *self._pictures.streams()),
            cameras=tuple(self._camera(name) for name in self._known), markers_m=markers,
            home=np.asarray(bench.home_pose), tick_s=TICK_S, note=self._pictures.note,
        )  # fmt: skip

    def _camera(self, name: str) -> CameraInfo:
        return self._bench.camera_info(name)

    def reset(self, seed: int, condition: str) -> str:
        """Reset arm, object and task from a seed, and tare; return the condition that was drawn."""
        chosen = condition or self._condition
        if chosen not in CONDITIONS:
            raise DeviceError(
                f"condition {chosen!r}", "the simulated bench does not know it", options=CONDITIONS
            )
        self._bench.reset(seed, chosen)
        self._pictures.forget()
        home = np.asarray(self._bench.arm_state().pose).copy()
        self._recent.clear()
        for _ in range(TARE_SAMPLES):  # noise is drawn per step, so a mean needs steps
            for _ in range(STEPS_PER_TICK):
                self._bench.step(home, self._gripper)
            self._recent.append(np.array(self._bench.wrench()))
        self._ticks = 0
        self.tare()
        return self._bench.condition()

    def tare(self) -> None:
        """Zero wrench and field: the mean of the last 0.1 s."""
        self._wrench_bias = np.mean(self._recent, axis=0)
        self._field_bias = np.array(self._bench.field())

    def measured(self) -> Measured:
        """Return the measured pose, opening and contact force."""
        arm = self._bench.arm_state()
        force = self._recent[-1][:3] - self._wrench_bias[:3]
        pose = np.asarray(arm.pose)
        in_base = quat_to_matrix(pose[3:]) @ force
        return Measured(pose, float(arm.gripper), float(np.sqrt(force @ force)), in_base)

    def advance(self, pose: np.ndarray, gripper: float) -> list[Sample]:
        """Step the physics for 4 ms towards a target and return what came up."""
        for _ in range(STEPS_PER_TICK):
            self._bench.step(pose, gripper)
        self._ticks += 1
        self._recent.append(np.array(self._bench.wrench()))
        del self._recent[:-TARE_SAMPLES]
        samples = self._fast_samples()
        if self._ticks % FIELD_TICKS == 0:
            samples.append(self._field_sample())
        if self._ticks % VISION_TICKS == 0:
            samples.append(self._vision_sample())
        if self._ticks % SCORE_TICKS == 0:
            samples.append(self._score_sample())
        samples.extend(self._pictures.collect(self._ticks, self._bench))
        return samples

    def snapshot(self) -> list[Sample]:
        """Return one sample of everything at the present moment."""
        samples = [*self._fast_samples(), self._field_sample(), self._vision_sample(), self._score_sample()]
        return [*samples, *self._pictures.collect(0, self._bench)]

    def _fast_samples(self) -> list[Sample]:
        arm, t = self._bench.arm_state(), self._bench.time_ns
        wrench = (self._recent[-1] - self._wrench_bias).astype(np.float32)
        return [
            Sample("arm/joints", t, np.concatenate([arm.q, arm.dq])),
            Sample("arm/pose", t, np.array(arm.pose)),
            Sample("arm/twist", t, np.array(arm.twist)),
            Sample("arm/gripper", t, np.array([arm.gripper])),
            Sample("finger/wrench", t, wrench),
        ]

    def _field_sample(self) -> Sample:
        field = np.array(self._bench.field())
        if self._field_bias is not None:
            field = field - self._field_bias
        return Sample("finger/field", self._bench.time_ns, field.astype(np.float32))

    def _vision_sample(self) -> Sample:
        return Sample("vision/stain", self._bench.time_ns, np.array(self._bench.stain_estimate()))

    def _score_sample(self) -> Sample:
        score = np.array([self._bench.score(), float(np.mean(self._bench.parts()))])
        return Sample("task/score", self._bench.time_ns, score)

    def task_over(self) -> bool:
        """Return whether nothing more can be won."""
        return bool(self._bench.done())

    def notices(self) -> list[Notice]:
        """Return nothing: no hardware can fail here."""
        return []

    def close(self) -> None:
        """Stop rendering and free the physics."""
        self._pictures.close()
        self._bench.close()


def make(rig: Rig, lockstep: bool) -> SimulatedPanda:
    """Return the bench that a rig file describes."""
    options = read_options(rig.name, rig.device.options, BenchOptions)
    size = options.fast_picture if lockstep else options.picture
    bench = Bench(task=rig.task, picture=size)
    rate = options.fast_picture_rate if lockstep else options.picture_rate
    depth = options.fast_depth_rate if lockstep else options.depth_rate
    pictures = make_pictures(bench, size, rate, depth, threaded=not lockstep, target=options.target)
    try:
        return SimulatedPanda(bench, pictures, options.condition, AIMED_AT.get(options.target or "", ""))
    except BaseException:
        pictures.close()
        raise
