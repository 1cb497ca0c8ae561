"""The bench of the task lift as a `SeveralArms` device: two arms with a gel finger each, two cameras, the task.

The first arm's signals have the names that every rig has (`arm`, `finger`); the second's are `arm2` and `finger2`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from app.core.errors import DeviceError
from app.core.geometry import quat_to_matrix
from app.core.rig import Rig
from app.core.safety.governor import Measured
from app.core.sensors import IDENTITY
from app.core.wire.messages import TouchInfo
from devices.interface import Description, Notice, Sample, Target
from devices.options import read_options
from devices.simulated.device import (
    CAMERAS,
    FIELD_TICKS,
    SCORE_TICKS,
    STEPS_PER_TICK,
    TARE_SAMPLES,
    TICK_S,
    VISION_TICKS,
    arm_streams,
    task_streams,
)
from devices.simulated.lift.arms import LiftArm
from devices.simulated.lift.bench import LiftBench
from devices.simulated.lift.measures import ARMS, FINGERS
from devices.simulated.options import BenchOptions
from devices.simulated.pad import marker_rest_positions
from devices.simulated.pictures import Pictures, make_pictures
from devices.simulated.tasks.interface import CONDITIONS

_OPEN_M = 0.04


class _Finger:
    """One arm's finger as its stream says it: tared."""

    def __init__(self, arm: LiftArm, arm_name: str, finger_name: str) -> None:
        self.arm, self._arm_name, self._name = arm, arm_name, finger_name
        self._recent: list[np.ndarray] = []
        self._wrench_bias = np.zeros(6)
        self._field_bias = np.zeros((1, 3), np.float32)

    def forget(self) -> None:
        """Drop what was felt before a reset."""
        self._recent.clear()

    def feel(self) -> None:
        """Take in the present wrench."""
        self._recent.append(self.arm.pad.wrench())
        del self._recent[:-TARE_SAMPLES]

    def tare(self) -> None:
        """Zero wrench and field: the mean of the last 0.1 s."""
        self._wrench_bias = np.mean(self._recent, axis=0)
        self._field_bias = self.arm.pad.field()

    def measured(self) -> Measured:
        """Return pose, opening and contact force."""
        state = self.arm.state()
        force = self._recent[-1][:3] - self._wrench_bias[:3]
        in_base = quat_to_matrix(state.pose[3:]) @ force
        return Measured(state.pose, state.gripper, float(np.sqrt(force @ force)), in_base)

    def samples(self, t_ns: int) -> list[Sample]:
        """Return the arm's state and the wrench."""
        state, arm = self.arm.state(), self._arm_name
        return [
            Sample(f"{arm}/joints", t_ns, np.concatenate([state.q, state.dq])),
            Sample(f"{arm}/pose", t_ns, state.pose),
            Sample(f"{arm}/twist", t_ns, state.twist),
            Sample(f"{arm}/gripper", t_ns, np.array([state.gripper])),
            Sample(f"{self._name}/wrench", t_ns, (self._recent[-1] - self._wrench_bias).astype(np.float32)),
        ]

    def field(self, t_ns: int) -> Sample:
        """Return the marker field."""
        return Sample(f"{self._name}/field", t_ns, self.arm.pad.field() - self._field_bias)


class LiftDevice:
    """Two arms and the box between them.

    Args:
        bench: The physics.
        pictures: Renders, in its own thread (real time) or at once (lock-step).
        condition: What `reset` uses when no condition is asked for.
    """

    def __init__(self, bench: LiftBench, pictures: Pictures, condition: str) -> None:
        self._bench, self._pictures, self._condition = bench, pictures, condition
        self._fingers = [_Finger(*of) for of in zip(bench.arms, ARMS, FINGERS, strict=True)]
        self._ticks = 0
        self.reset(0, condition)

    def describe(self) -> Description:
        """Return streams, cameras, markers and home poses."""
        markers = marker_rest_positions()
        flat = tuple(float(value) for value in markers.ravel())
        streams = [
            spec for names in zip(ARMS, FINGERS, strict=True) for spec in arm_streams(*names, len(markers))
        ]
        return Description(
            streams=(*streams, *task_streams("box"), *self._pictures.streams()),
            cameras=tuple(self._bench.camera_info(name) for name in CAMERAS), markers_m=markers,
            home=self._bench.arms[0].home, tick_s=TICK_S, note=f"two arms, {self._pictures.note}",
            touches=tuple(TouchInfo(*of) for of in zip(FINGERS, (IDENTITY,) * 2, (flat,) * 2, ARMS, strict=True)),
            others={ARMS[1]: self._bench.arms[1].home},
        )  # fmt: skip

    def reset(self, seed: int, condition: str) -> str:
        """Reset arms, box and task from a seed, and tare; return the condition that was drawn."""
        chosen = condition or self._condition
        known = next((name for name in CONDITIONS if name == chosen), None)
        if known is None:
            raise DeviceError(
                f"condition {chosen!r}", "the simulated bench does not know it", options=CONDITIONS
            )
        self._bench.reset(seed, known)
        self._pictures.forget()
        for finger in self._fingers:
            finger.forget()
        home = [(arm.home.copy(), _OPEN_M) for arm in self._bench.arms]
        for _ in range(TARE_SAMPLES):
            self._step(home)
        self._ticks = 0
        self.tare()
        return self._bench.task.condition()

    def _step(self, targets: list[tuple[np.ndarray, float]]) -> None:
        for _ in range(STEPS_PER_TICK):
            self._bench.step(targets)
        for finger in self._fingers:
            finger.feel()

    def tare(self) -> None:
        """Zero wrenches and fields."""
        for finger in self._fingers:
            finger.tare()

    def measured(self) -> Measured:
        """Return what the first arm measures."""
        return self._fingers[0].measured()

    def measured_others(self) -> Mapping[str, Measured]:
        """Return what the second arm measures."""
        return {ARMS[1]: self._fingers[1].measured()}

    def advance(self, pose: np.ndarray, gripper: float) -> list[Sample]:
        """Move the first arm; the second one is pulled to where it is."""
        second = self._bench.arms[1].state()
        return self.advance_all(pose, gripper, {ARMS[1]: Target(second.pose, second.gripper)})

    def advance_all(self, pose: np.ndarray, gripper: float, others: Mapping[str, Target]) -> list[Sample]:
        """Step the physics for 4 ms towards both targets and return what came up."""
        second = others[ARMS[1]]
        self._step([(pose, gripper), (second.pose, second.gripper)])
        self._ticks += 1
        samples = self._fast()
        if self._ticks % FIELD_TICKS == 0:
            samples.extend(self._fields())
        if self._ticks % VISION_TICKS == 0:
            samples.append(self._vision())
        if self._ticks % SCORE_TICKS == 0:
            samples.append(self._score())
        samples.extend(self._pictures.collect(self._ticks, self._bench))
        return samples

    def snapshot(self) -> list[Sample]:
        """Return one sample of everything at the present moment."""
        samples = [*self._fast(), *self._fields(), self._vision(), self._score()]
        return [*samples, *self._pictures.collect(0, self._bench)]

    def _fast(self) -> list[Sample]:
        return [sample for finger in self._fingers for sample in finger.samples(self._bench.time_ns)]

    def _fields(self) -> list[Sample]:
        return [finger.field(self._bench.time_ns) for finger in self._fingers]

    def _vision(self) -> Sample:
        return Sample("vision/box", self._bench.time_ns, self._bench.task.estimate())

    def _score(self) -> Sample:
        task = self._bench.task
        return Sample("task/score", self._bench.time_ns, np.array([task.score(), float(task.parts().mean())]))

    def task_over(self) -> bool:
        """Return whether nothing more can be won."""
        return self._bench.task.done()

    def notices(self) -> list[Notice]:
        """Return nothing: no hardware can fail here."""
        return []

    def close(self) -> None:
        """Stop rendering and free the physics."""
        self._pictures.close()
        self._bench.close()


def make(rig: Rig, lockstep: bool) -> LiftDevice:
    """Return the bench that a rig file describes."""
    options = read_options(rig.name, rig.device.options, BenchOptions)
    size = options.fast_picture if lockstep else options.picture
    bench = LiftBench(size)
    rate = options.fast_picture_rate if lockstep else options.picture_rate
    depth = options.fast_depth_rate if lockstep else options.depth_rate
    pictures = make_pictures(bench, size, rate, depth, threaded=not lockstep, target=options.target)
    try:
        return LiftDevice(bench, pictures, options.condition)
    except BaseException:
        pictures.close()
        raise
