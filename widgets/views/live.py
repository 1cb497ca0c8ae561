"""The newest state of the rig, gathered once per tick for all views. No Qt in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from app.core.sensors import field_devices, touches_of, wrench_devices
from app.core.wire.messages import ServerInfo, TouchInfo
from widgets.bridge.feed import Frame
from widgets.bridge.history import History
from widgets.views.scales import FIELD_STEPS_MM, FORCE_STEPS_N, Range, Scales
from widgets.views.slip import Slip, SlipWatch
from widgets.views.smoothing import FIELD_TAU_S, FORCE_TAU_S, LowPass

FIRST_ARM = "arm"
PATH_S = 5.0
PATH_POINTS = 150
OVER_HOLD_S = 1.0  # an over-force is shown at least this long
PICTURE_NEAR_NS = 50_000_000
NEAREST_AMONG = 200  # samples after the first that may be it: 100 ms at 1 kHz and more
STALE_S = 1.0  # a touch sensor that was silent for as long is not drawn


class Source(Protocol):
    """Where samples come from: the live bridge, or an episode (`widgets.review.recorded`)."""

    @property
    def frames(self) -> Mapping[str, Frame]:
        """The newest wide sample of each topic."""
        ...

    def history(self, topic: str) -> History | None:
        """Return the newest samples of a scalar stream."""
        ...


def _empty() -> np.ndarray:
    return np.zeros((0, 3))


@dataclass
class Touch:
    """One touch sensor as it is drawn. Wrench and displacement are smoothed (`widgets.views.smoothing`).

    Attributes:
        name: The `device` of its signals.
        place: Pose (4, 4) in the tool frame; its force is drawn from there.
        wrench: (6,) N and N·m, tool frame, what the environment does to the finger, tared.
        markers, displacement: Rest places (N, 3) m and displacements (N, 3) mm of the markers, tool frame.
        slip: What `SlipWatch` says.
        peak_n: Largest unsmoothed force of the last second, N.
        limit_n: The rig's force limit; 0 if it has none.
        carrier: Pose (7,) of the arm that carries it, where that is not the first one.
    """

    name: str
    place: np.ndarray
    wrench: np.ndarray | None = None
    markers: np.ndarray | None = None
    displacement: np.ndarray | None = None
    slip: Slip = Slip.UNKNOWN
    peak_n: float = 0.0
    limit_n: float = 0.0
    carrier: np.ndarray | None = None

    def carried_by(self, first: np.ndarray) -> np.ndarray:
        """Return the pose (7,) of the arm that carries it; `first` is the first arm's."""
        return first if self.carrier is None else self.carrier

    @property
    def force_n(self) -> float | None:
        """Length of the smoothed force, N."""
        return None if self.wrench is None else float(np.linalg.norm(self.wrench[:3]))

    @property
    def field_mm(self) -> float | None:
        """Largest displacement of a marker, mm."""
        if self.displacement is None:
            return None
        return float(np.linalg.norm(self.displacement, axis=1).max(initial=0.0))

    @property
    def slips(self) -> bool:
        """Whether it slips or slides."""
        return self.slip in (Slip.SLIDING, Slip.SLIPPING)

    @property
    def over(self) -> bool:
        """Whether the force was above the rig's limit within the last second."""
        return self.limit_n > 0 and self.peak_n > self.limit_n


@dataclass
class Live:
    """What is known now; None where nothing came yet.

    Attributes:
        pose: Measured tool pose (7,), base frame.
        commanded, applied: Pose and gripper (8,) that was asked for, and what the governor let through.
        touches: Every touch sensor.
        scales: How long newtons and millimetres are drawn.
        gripper: Opening in metres.
        stain: Estimated start of the stroke x y z (m) and yaw (rad), base frame.
        score: Score 0..1 and share removed, of a simulated task.
        path: Tool positions of the last seconds (n, 3), base frame.
        plan: Planned tool positions (n, 3), base frame; set by the page that runs a policy.
    """

    pose: np.ndarray | None = None
    commanded: np.ndarray | None = None
    applied: np.ndarray | None = None
    touches: tuple[Touch, ...] = ()
    scales: Scales = field(default_factory=Scales)
    gripper: float | None = None
    stain: np.ndarray | None = None
    score: np.ndarray | None = None
    commanded_age_s: float = float("inf")
    path: np.ndarray = field(default_factory=_empty)
    plan: np.ndarray = field(default_factory=_empty)

    @property
    def force_n(self) -> float | None:
        """Length of the force of the first sensor that measures one, N."""
        return next((touch.force_n for touch in self.touches if touch.wrench is not None), None)

    @property
    def wrench(self) -> np.ndarray | None:
        """Wrench of the first sensor that measures one."""
        return next((touch.wrench for touch in self.touches if touch.wrench is not None), None)

    @property
    def fields(self) -> tuple[Touch, ...]:
        """Return the sensors that have a field now."""
        return tuple(touch for touch in self.touches if touch.displacement is not None)


def _last(bridge: Source, topic: str) -> np.ndarray | None:
    history = bridge.history(topic)
    return history.last if history is not None else None


class TouchReader:
    """Follows one touch sensor: smoothing, slip, over-force.

    Args:
        taus_s: Time constants of the smoothing of force and field.
    """

    def __init__(
        self, info: TouchInfo, has_wrench: bool, has_field: bool, grasps: bool, limit_n: float,
        taus_s: tuple[float, float] = (FORCE_TAU_S, FIELD_TAU_S),
    ) -> None:  # fmt: skip
        self.info = info
        self._wrench = LowPass(taus_s[0]) if has_wrench else None
        self._field = LowPass(taus_s[1]) if has_field else None
        self._slip = SlipWatch(grasps)
        markers = np.asarray(info.markers_m, dtype=np.float64).reshape(-1, 3)
        self._markers = markers if len(markers) else None
        self._peaks: list[tuple[int, float]] = []
        self._place = np.asarray(info.pose, dtype=np.float64).reshape(4, 4)
        self._limit_n = limit_n

    def read(self, bridge: Source, pose: np.ndarray | None, now_ns: int) -> Touch:
        """Return the sensor as it is to be drawn now."""
        touch = Touch(self.info.name, self._place, limit_n=self._limit_n)
        if self.info.arm != FIRST_ARM:
            pose = touch.carrier = _last(bridge, f"{self.info.arm}/pose")
        if self._wrench is not None:
            self._read_wrench(bridge, touch, now_ns)
        if self._field is not None and self._markers is not None:
            self._read_field(bridge, touch, pose, now_ns)
        return touch

    def _read_wrench(self, bridge: Source, touch: Touch, now_ns: int) -> None:
        history = bridge.history(f"{touch.name}/wrench")
        assert self._wrench is not None
        if history is None or history.columns != 6 or not history.total:
            return
        times, samples = history.window(self._wrench.t_ns)
        if len(times):
            good = np.isfinite(samples).all(axis=1)
            times, samples = times[good], samples[good]
        if len(times):
            forces = np.linalg.norm(samples[:, :3], axis=1)
            top = int(forces.argmax())
            self._peaks.append((int(times[top]), float(forces[top])))
            self._wrench.feed(times, samples)
        since = now_ns - round(OVER_HOLD_S * 1e9)
        self._peaks = [peak for peak in self._peaks if peak[0] > since]
        if now_ns - history.last_ns < STALE_S * 1e9:
            touch.wrench = self._wrench.value
            touch.peak_n = max((force for _, force in self._peaks), default=0.0)

    def _read_field(self, bridge: Source, touch: Touch, pose: np.ndarray | None, now_ns: int) -> None:
        frame = bridge.frames.get(f"{touch.name}/field")
        assert self._field is not None
        if frame is None or self._markers is None or not isinstance(frame.data, np.ndarray):
            return
        if frame.data.shape != self._markers.shape or now_ns - frame.t_ns > STALE_S * 1e9:
            return
        touch.markers = self._markers
        touch.displacement = self._field.feed(np.array([frame.t_ns]), frame.data[None].astype(np.float64))
        touch.slip = Slip.UNKNOWN
        if pose is not None and touch.displacement is not None:
            touch.slip = self._slip.feed(frame.t_ns * 1e-9, pose, touch.displacement)


class LiveReader:
    """Reads the newest state of one rig; keeps what smoothing and scales remember.

    Args:
        info: What the rig offers; None while there is none.
        taus_s: Time constants of the smoothing of force and field.
    """

    def __init__(
        self, info: ServerInfo | None = None, taus_s: tuple[float, float] = (FORCE_TAU_S, FIELD_TAU_S)
    ) -> None:
        self.info = info
        self.sensors: tuple[TouchReader, ...] = ()
        self._force, self._field = Range(FORCE_STEPS_N, 2), Range(FIELD_STEPS_MM, 1)
        if info is not None:
            wrenches, fields = wrench_devices(info.streams), field_devices(info.streams)
            limit_n = float(info.limits.get("force_n", 0.0))
            self.sensors = tuple(
                TouchReader(
                    touch, touch.name in wrenches, touch.name in fields, len(fields) > 1, limit_n, taus_s
                )
                for touch in touches_of(info)
            )

    def read(self, bridge: Source, plan: np.ndarray | None = None) -> Live:
        """Return the newest state of everything that the views draw."""
        if self.info is None:
            return Live()
        gripper = _last(bridge, "arm/gripper")
        pose_history = bridge.history("arm/pose")
        now_ns = pose_history.last_ns if pose_history is not None else 0
        live = Live(
            pose=_last(bridge, "arm/pose"),
            commanded=_last(bridge, "arm/commanded"),
            applied=_last(bridge, "arm/applied"),
            gripper=None if gripper is None else float(gripper[0]),
            stain=_last(bridge, "vision/stain"),
            score=_last(bridge, "task/score"),
            commanded_age_s=_commanded_age(bridge),
            path=_path(bridge),
        )
        live.touches = tuple(sensor.read(bridge, live.pose, now_ns) for sensor in self.sensors)
        live.scales = self._follow(live.touches, now_ns * 1e-9)
        if plan is not None:
            live.plan = plan
        return live

    def _follow(self, touches: tuple[Touch, ...], now_s: float) -> Scales:
        force = max((touch.force_n or 0.0 for touch in touches), default=0.0)
        moved = max((touch.field_mm or 0.0 for touch in touches), default=0.0)
        return Scales(self._force.follow(force, now_s), self._field.follow(moved, now_s))


def at_picture(live: Live, bridge: Source, t_ns: int) -> Live:
    """Return the state with the tool where it was when a picture was taken: there it is seen in that picture.

    Force and touch stay the newest: they are what the person has to feel now. Without a pose of that time, unchanged.
    """
    history = bridge.history("arm/pose")
    if history is None or live.pose is None:
        return live
    times, poses = history.window(t_ns - PICTURE_NEAR_NS)
    if not len(times) or abs(int(times[0]) - t_ns) > 2 * PICTURE_NEAR_NS:
        return live
    nearest = int(np.abs(times[:NEAREST_AMONG] - t_ns).argmin())
    return replace(live, pose=poses[nearest].copy())


def _commanded_age(bridge: Source) -> float:
    commanded, pose = bridge.history("arm/commanded"), bridge.history("arm/pose")
    if commanded is None or pose is None:
        return float("inf")
    return (pose.last_ns - commanded.last_ns) * 1e-9


def _path(bridge: Source) -> np.ndarray:
    history = bridge.history("arm/pose")
    if history is None:
        return np.zeros((0, 3))
    _, poses = history.window(history.last_ns - round(PATH_S * 1e9))
    step = max(1, len(poses) // PATH_POINTS)
    return np.vstack([poses[::step, :3], poses[-1:, :3]])
