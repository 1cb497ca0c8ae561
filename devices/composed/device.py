"""Parts as one `Device`: an arm, cameras and touch sensors, so that server, governor and recorder know no difference.

The arm's newest state is published every governor period. A force or a pose that is too old is no number: it goes to
the governor as NaN, which ends motion.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
import numpy as np

from app.core.errors import DeviceError, RigError
from app.core.rig import Rig
from app.core.safety.governor import Measured
from app.core.sensors import derive_touches
from app.core.wire.messages import StreamSpec, TouchInfo
from devices.composed.options import Composition
from devices.interface import Description, Notice, Sample
from devices.parts.interface import Arm, ArmState, Camera, Part, Touch
from devices.parts.specs import Registry, make_part, registry

POSE_LABELS = ("x", "y", "z", "qw", "qx", "qy", "qz")
TWIST_LABELS = ("vx", "vy", "vz", "wx", "wy", "wz")


def arm_streams(joints: int, rate_hz: float) -> tuple[StreamSpec, ...]:
    """Return the specs of what every arm publishes; the same names as the simulated bench."""
    names = tuple(f"{letter}{i}" for letter in ("q", "dq") for i in range(1, joints + 1))
    spec = StreamSpec("arm", "joints", "<f8", (2 * joints,), rate_hz, "rad, rad/s", labels=names)
    return (
        *((spec,) if joints else ()),
        StreamSpec("arm", "pose", "<f8", (7,), rate_hz, "m, quaternion", "base", labels=POSE_LABELS),
        StreamSpec("arm", "twist", "<f8", (6,), rate_hz, "m/s, rad/s", "base", labels=TWIST_LABELS),
        StreamSpec("arm", "gripper", "<f8", (1,), rate_hz, "m", labels=("opening",)),
    )


def arm_samples(state: ArmState) -> list[Sample]:
    """Return an arm's state as samples."""
    return [
        *([Sample("arm/joints", state.t_ns, state.joints)] if len(state.joints) else []),
        Sample("arm/pose", state.t_ns, state.pose),
        Sample("arm/twist", state.t_ns, state.twist),
        Sample("arm/gripper", state.t_ns, np.array([state.gripper])),
    ]


class ComposedDevice:
    """One arm with its cameras and touch sensors.

    Args:
        arm: What moves.
        cameras, touches: What sees and feels, by name.
        home: Home pose (7,), or empty for the arm's present one.
        reflex: Which touch sensor, or "arm", the force reflex looks at; empty: the first that measures a force.
        places: 4×4 poses of touch sensors in the tool frame, row-major, by name; the tool's own where there is none.
    """

    def __init__(
        self, arm: Arm, cameras: dict[str, Camera], touches: dict[str, Touch], home: Sequence[float], reflex: str,
        places: Mapping[str, Sequence[float]] | None = None,
    ) -> None:  # fmt: skip
        self._places = dict(places or {})
        self._arm, self._cameras, self._touches = arm, cameras, touches
        self._parts: tuple[Part, ...] = (arm, *cameras.values(), *touches.values())
        self._force = self._choose_force(reflex)
        state = self._known_state()
        self._home = np.asarray(home if len(home) else state.pose, dtype=np.float64)
        self._joints = len(state.joints) // 2
        self._newest = state

    def _choose_force(self, reflex: str) -> Touch | Arm:
        everything: dict[str, Touch | Arm] = {**self._touches, "arm": self._arm}
        able = {name: part for name, part in everything.items() if part.force_n() is not None}
        if reflex and reflex not in able:
            raise RigError(f"reflex {reflex!r}", "this part measures no force", options=able)
        if reflex:
            return able[reflex]
        return next(iter(able.values()), self._arm)

    def describe(self) -> Description:
        """Return streams, cameras, markers and home pose."""
        streams = [*arm_streams(self._joints, 1.0 / self._arm.tick_s)]
        for part in self._parts:
            streams.extend(part.streams())
        markers = [touch.markers_m() for touch in self._touches.values()]
        return Description(
            streams=tuple(streams),
            cameras=tuple(info for camera in self._cameras.values() for info in camera.cameras()),
            markers_m=next((found for found in markers if len(found)), np.zeros((0, 3))),
            home=self._home, tick_s=self._arm.tick_s, note=self._note(), touches=self._describe_touches(streams),
        )  # fmt: skip

    def _describe_touches(self, streams: Sequence[StreamSpec]) -> tuple[TouchInfo, ...]:
        """Return every part that publishes a wrench or a field, with its place and its markers."""
        return tuple(
            TouchInfo(
                found.name,
                tuple(float(value) for value in self._places.get(found.name, found.pose)),
                tuple(float(value) for value in touch.markers_m().ravel())
                if (touch := self._touches.get(found.name)) is not None
                else (),
            )
            for found in derive_touches(streams)
        )

    def _note(self) -> str:
        names = ", ".join([*self._cameras, *self._touches]) or "no sensors"
        force = "without a force reflex" if self._force.force_n() is None else "with a force reflex"
        return f"composed of an arm, {names}; {force}"

    def reset(self, seed: int, condition: str) -> str:
        """Tare; nothing moves, and the person puts the scene in order. The seed changes nothing here."""
        if condition:
            raise DeviceError(
                f"condition {condition!r}", "a real rig has none", way_out="Leave the condition empty"
            )
        self._known_state()
        self.tare()
        return ""

    def _known_state(self) -> ArmState:
        """Return the arm's state, which everything that follows starts from.

        Raises:
            DeviceError: If its pose is too old to be acted on.
        """
        state = self._arm.state()
        if not np.isfinite(state.pose).all():
            raise DeviceError(
                "arm", "its pose is not known at present", way_out="Check its connection, and try again"
            )
        return state

    def tare(self) -> None:
        """Make the present reading of every touch sensor the zero."""
        for part in self._parts:
            part.tare()

    def measured(self) -> Measured:
        """Return the newest state; NaN where a reading is too old to be acted on."""
        self._newest = self._arm.state()
        force = self._force.force_n()
        return Measured(self._newest.pose, self._newest.gripper, 0.0 if force is None else force)

    def advance(self, pose: np.ndarray, gripper: float) -> list[Sample]:
        """Hand the target to the arm, and return what came up. Time goes on by itself; the server paces."""
        self._arm.command(pose, gripper)
        samples = self._present()
        for part in self._parts:
            samples.extend(part.collect())
        return samples

    def _present(self) -> list[Sample]:
        state = self._arm.state()
        return arm_samples(state) if math.isfinite(float(state.pose[0])) else []

    def snapshot(self) -> list[Sample]:
        """Return the newest sample of everything, stamped with now: it says how things are, not what happened."""
        now = time.monotonic_ns()
        newest = [*self._present(), *(sample for part in self._parts for sample in part.latest())]
        return [Sample(sample.topic, now, sample.data) for sample in newest]

    def task_over(self) -> bool:
        """Never: on a real rig the person says when a task is over."""
        return False

    def notices(self) -> list[Notice]:
        """Return what the parts have to tell."""
        return [notice for part in self._parts for notice in part.notices()]

    def close(self) -> None:
        """Release every part, the arm first."""
        with contextlib.ExitStack() as stack:
            for part in reversed(self._parts):
                stack.callback(part.close)


def make(rig: Rig, lockstep: bool, known: Registry | None = None) -> ComposedDevice:
    """Start the parts that a rig file names, in its order; if one fails, those that were started are closed.

    Raises:
        RigError: If the rig is wrong, or was asked for in lock-step.
        DeviceError: If a part cannot be started.
    """
    if lockstep:
        raise RigError(f"rig {rig.name!r}", "real devices have no lock-step", way_out="Leave out --fast")
    try:
        wanted = msgspec.convert(rig.device.options, Composition)
    except msgspec.ValidationError as error:
        raise RigError(f"rig {rig.name!r}", f"device.options: {error}") from error
    known = known or registry()
    _check(rig, wanted, known)
    with contextlib.ExitStack() as started:
        parts = {}
        for entry in wanted.parts:
            parts[entry.name] = make_part(entry.driver, entry.name, entry.options, known)
            started.callback(parts[entry.name].close)
        kinds = {entry.name: known.parts[entry.driver].kind for entry in wanted.parts}
        device = ComposedDevice(
            cast(Arm, next(part for name, part in parts.items() if kinds[name] == "arm")),
            {name: cast(Camera, part) for name, part in parts.items() if kinds[name] == "camera"},
            {name: cast(Touch, part) for name, part in parts.items() if kinds[name] == "touch"},
            wanted.home, wanted.reflex,
            {entry.name: entry.options["pose"] for entry in wanted.parts if kinds[entry.name] == "touch"
             and "pose" in entry.options},
        )  # fmt: skip
        _check_topics(rig, device)
        started.pop_all()
        return device


def _check(rig: Rig, wanted: Composition, known: Registry) -> None:
    names = [entry.name for entry in wanted.parts]
    if len(set(names)) < len(names):
        raise RigError(f"rig {rig.name!r}", f"two parts have the same name ({', '.join(names)})")
    if len(wanted.home) not in (0, 7):
        raise RigError(f"rig {rig.name!r}", "`home` is no pose of 7 numbers")
    kinds = [known.parts[entry.driver].kind for entry in wanted.parts if entry.driver in known.parts]
    if len(kinds) == len(names) and kinds.count("arm") != 1:
        arms = sorted(spec.id for spec in known.parts.values() if spec.kind == "arm")
        raise RigError(
            f"rig {rig.name!r}", f"it has {kinds.count('arm')} arms where one is needed", options=arms
        )


def _check_topics(rig: Rig, device: ComposedDevice) -> None:
    topics = [spec.topic for spec in device.describe().streams]
    twice = sorted({topic for topic in topics if topics.count(topic) > 1})
    if twice:
        raise RigError(
            f"rig {rig.name!r}", f"two parts publish {', '.join(twice)}", way_out="Rename one of them"
        )
