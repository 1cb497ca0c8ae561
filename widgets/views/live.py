"""The newest state of the rig, gathered once per tick for all views. No Qt in here."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from app.core.wire.messages import ServerInfo
from widgets.bridge.bridge import Bridge

PATH_S = 5.0
PATH_POINTS = 150


def _empty() -> np.ndarray:
    return np.zeros((0, 3))


@dataclass
class Live:
    """What is known now; None where nothing came yet.

    Attributes:
        pose: Measured tool pose (7,), base frame.
        commanded, applied: Pose and gripper (8,) that was asked for, and what the governor let through.
        wrench: (6,) N and N·m, tool frame, what the environment does to the finger, tared.
        markers, displacement: Rest places (N, 3) m and displacements (N, 3) mm of the touch markers, tool frame.
        gripper: Opening in metres.
        stain: Estimated start of the stroke x y z (m) and yaw (rad), base frame.
        score: Score 0..1 and share removed, of a simulated task.
        path: Tool positions of the last seconds (n, 3), base frame.
        plan: Planned tool positions (n, 3), base frame; set by the page that runs a policy.
    """

    pose: np.ndarray | None = None
    commanded: np.ndarray | None = None
    applied: np.ndarray | None = None
    wrench: np.ndarray | None = None
    markers: np.ndarray | None = None
    displacement: np.ndarray | None = None
    gripper: float | None = None
    stain: np.ndarray | None = None
    score: np.ndarray | None = None
    commanded_age_s: float = float("inf")
    path: np.ndarray = field(default_factory=_empty)
    plan: np.ndarray = field(default_factory=_empty)

    @property
    def force_n(self) -> float | None:
        """Length of the force, N."""
        return None if self.wrench is None else float(np.linalg.norm(self.wrench[:3]))


def _last(bridge: Bridge, topic: str) -> np.ndarray | None:
    history = bridge.history(topic)
    return history.last if history is not None else None


def read_live(bridge: Bridge, info: ServerInfo | None, plan: np.ndarray | None = None) -> Live:
    """Return the newest state of everything that the views draw."""
    if info is None:
        return Live()
    gripper = _last(bridge, "arm/gripper")
    live = Live(
        pose=_last(bridge, "arm/pose"),
        commanded=_last(bridge, "arm/commanded"),
        applied=_last(bridge, "arm/applied"),
        wrench=_last(bridge, "finger/wrench"),
        gripper=None if gripper is None else float(gripper[0]),
        stain=_last(bridge, "vision/stain"),
        score=_last(bridge, "task/score"),
    )
    live.commanded_age_s = _commanded_age(bridge)
    if info.markers_m:
        live.markers = np.asarray(info.markers_m).reshape(-1, 3)
        frame = bridge.frames.get("finger/field")
        if (
            frame is not None
            and isinstance(frame.data, np.ndarray)
            and frame.data.shape == live.markers.shape
        ):
            live.displacement = frame.data
    live.path = _path(bridge)
    if plan is not None:
        live.plan = plan
    return live


def _commanded_age(bridge: Bridge) -> float:
    commanded, pose = bridge.history("arm/commanded"), bridge.history("arm/pose")
    if commanded is None or pose is None:
        return float("inf")
    return (pose.last_ns - commanded.last_ns) * 1e-9


def _path(bridge: Bridge) -> np.ndarray:
    history = bridge.history("arm/pose")
    if history is None:
        return np.zeros((0, 3))
    _, poses = history.window(history.last_ns - round(PATH_S * 1e9))
    step = max(1, len(poses) // PATH_POINTS)
    return np.vstack([poses[::step, :3], poses[-1:, :3]])
