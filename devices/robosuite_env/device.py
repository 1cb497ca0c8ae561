"""A robosuite environment as a `Device`: real time or lock-step, seeds, cameras, wrist wrench, the task's score.

What is privileged (the task's own success and reward) goes to the score alone.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from app.core.errors import DeviceError
from app.core.geometry import quat_to_matrix
from app.core.rig import Rig
from app.core.safety.governor import Measured
from app.core.wire.messages import StreamSpec
from devices.composed.device import arm_samples, arm_streams
from devices.interface import Description, Notice, Sample
from devices.options import read_options
from devices.robosuite_env.options import RobosuiteOptions
from devices.touch.wrench import LABELS

if TYPE_CHECKING:  # they import robosuite and MuJoCo, which is the business of `make`
    from devices.robosuite_env.world import World
    from devices.simulated.pictures import Pictures

CAMERAS = ("scene", "wrist")
TARE_TICKS = 10
WIDEST_M = 0.08
LIGHT = "no shadows, no multisampling"


class RobosuiteDevice:
    """One environment behind the `Device` interface.

    Args:
        world: `world.World`; `pictures`: `devices.simulated.pictures.Pictures` of it.
        options: What the rig file says.
        size: Of the pictures, pixels.
    """

    def __init__(
        self, world: World, pictures: Pictures, options: RobosuiteOptions, size: tuple[int, int]
    ) -> None:
        self._world, self._pictures, self._options, self._size = world, pictures, options, size
        self._tick_s = options.tick_ms * 1e-3
        self._ticks = 0
        self._zero = np.zeros(6)
        self._recent: list[np.ndarray] = []
        self._gripper = WIDEST_M
        self.reset(0, "")

    def describe(self) -> Description:
        """Return streams, cameras and home pose."""
        rate, world = 1.0 / self._tick_s, self._world
        names = zip(CAMERAS, (self._options.scene, self._options.wrist), strict=True)
        return Description(
            streams=(
                *arm_streams(len(world.arm_state().joints) // 2, rate),
                StreamSpec("arm", "wrench", "<f4", (6,), rate, "N, N·m", "tool", labels=LABELS),
                StreamSpec("task", "score", "<f8", (2,), rate, labels=("score", "reward"), privileged=True),
                *self._pictures.streams(),
            ),
            cameras=tuple(world.camera_info(camera, name, self._size) for name, camera in names),
            markers_m=np.zeros((0, 3)), home=world.home, tick_s=self._tick_s,
            note=f"robosuite {self._options.env} with {self._options.robot}; {self._pictures.note}",
        )  # fmt: skip

    def reset(self, seed: int, condition: str) -> str:
        """Reset arm and task from a seed, and tare.

        Raises:
            DeviceError: A condition is asked for.
        """
        if condition:
            raise DeviceError(
                f"condition {condition!r}", "robosuite has none", way_out="Leave the condition empty"
            )
        self._world.reset(seed)
        self._pictures.forget()
        start = self._world.arm_state().pose
        self._recent.clear()
        for _ in range(TARE_TICKS):
            self._world.step(start, self._gripper)
            self._recent.append(self._world.wrench())
        self._world.time_ns, self._ticks = 0, 0
        self.tare()
        return ""

    def tare(self) -> None:
        """Zero the wrench: the mean of the last periods."""
        self._zero = np.mean(self._recent, axis=0)

    def measured(self) -> Measured:
        """Return measured pose, opening and contact force."""
        state = self._world.arm_state()
        force = self._recent[-1][:3] - self._zero[:3]
        in_base = quat_to_matrix(state.pose[3:]) @ force
        return Measured(state.pose, state.gripper, float(np.sqrt(force @ force)), in_base)

    def advance(self, pose: np.ndarray, gripper: float) -> list[Sample]:
        """Step the environment by one governor period, and return what came up."""
        self._world.step(pose, gripper)
        self._ticks += 1
        self._recent.append(self._world.wrench())
        del self._recent[:-TARE_TICKS]
        return [*self._samples(), *self._pictures.collect(self._ticks, self._world)]

    def snapshot(self) -> list[Sample]:
        """Return one sample of everything at the present moment."""
        return [*self._samples(), *self._pictures.collect(0, self._world)]

    def _samples(self) -> list[Sample]:
        world = self._world
        score = np.array([float(world.success), world.reward()])
        return [
            *arm_samples(world.arm_state()),
            Sample("arm/wrench", world.time_ns, (self._recent[-1] - self._zero).astype(np.float32)),
            Sample("task/score", world.time_ns, score),
        ]

    def task_over(self) -> bool:
        """Return whether the task's own condition has been met."""
        return bool(self._world.success)

    def notices(self) -> list[Notice]:
        """Return nothing: no hardware can fail here."""
        return []

    def close(self) -> None:
        """Stop drawing and free the environment."""
        self._pictures.close()
        self._world.close()


def make(rig: Rig, lockstep: bool) -> RobosuiteDevice:
    """Return the environment that a rig file describes.

    Raises:
        DeviceError: If robosuite cannot be imported, or no OpenGL starts.
        RigError: If the rig's options are wrong.
    """
    options = read_options(rig.name, rig.device.options, RobosuiteOptions)
    from devices.robosuite_env.pictures import Renderer
    from devices.robosuite_env.world import World
    from devices.simulated.pictures import Filming, film

    world = World(options)
    size = options.fast_picture if lockstep else options.picture
    rate = options.fast_picture_rate if lockstep else options.picture_rate
    depth = options.fast_depth_rate if lockstep else options.depth_rate
    cameras = dict(zip(CAMERAS, (options.scene, options.wrist), strict=True))
    try:
        for name, camera in cameras.items():
            world.camera_info(camera, name, size)
        opener = functools.partial(Renderer, world, cameras, size)
        tick_hz = 1000.0 / options.tick_ms
        pictures = film(Filming(opener, CAMERAS, size, rate, depth, tick_hz, LIGHT), threaded=not lockstep)
    except BaseException:
        world.close()
        raise
    try:
        return RobosuiteDevice(world, pictures, options, size)
    except BaseException:
        pictures.close()
        world.close()
        raise
