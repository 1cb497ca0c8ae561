"""What every maker's arm shares as a part of a rig: measured by a feed, moved only when the rig file lets it.

A driver is an `ArmSource`: how to connect, read, and follow a target. When anything ends motion (a fault, a lost
connection, a target that is no number), it stays off until the device server is started anew: the arm may be
elsewhere by then.

::

    MEASURED  -- `control = true`, start() --> MOVING
    MOVING    -- hindrance, refused target, lost connection --> MEASURED    (told once; for good)
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from app.core.errors import DeviceError
from app.core.wire.messages import StreamSpec
from devices.interface import Notice, Sample
from devices.parts.feed import Feed
from devices.parts.interface import ArmState
from devices.touch.health import drift
from devices.touch.wrench import LABELS, Tare

CONNECT_S = 3.0
MOVED_M = 1e-3


class ArmOptions(Protocol):
    """Options that every such arm has; see `devices.arms.options`."""

    @property
    def control(self) -> bool: ...
    @property
    def rate_hz(self) -> float: ...
    @property
    def drift_n(self) -> float: ...
    @property
    def stale_s(self) -> float: ...


class ArmSource(Protocol):
    """One connection to one arm, read in a feed's thread.

    Attributes:
        newest: What was measured last.
    """

    newest: ArmState | None

    def read(self) -> list[Sample]:
        """Return the wrenches that came (`arm/wrench`, tool frame, tared), and renew `newest`.

        Every report gives at least one sample, also of an arm that measures no force: `arm/alive`, which `FedArm`
        keeps to itself.
        """
        ...

    def start(self) -> None:
        """Let it move, from the pose where it is; may take seconds.

        Raises:
            DeviceError: If it cannot.
        """
        ...

    def follow(self, pose: np.ndarray, gripper: float) -> None:
        """Go on towards a target pose (7,), base frame; returns at once.

        Raises:
            DeviceError: If the target cannot be handed over.
        """
        ...

    def hindrance(self) -> str:
        """Return why it cannot move at present, as the rest of a sentence; empty if it can."""
        ...

    def finish(self) -> None:
        """End motion where it is."""
        ...

    def close(self) -> None:
        """Hang up; the arm's own watchdog ends motion that was not finished."""
        ...


ALIVE = "arm/alive"


class FedArm:
    """An arm as a part of a rig.

    Args:
        name: What the person calls it.
        options: Common options.
        connect: Opens a connection; wrenches are to be tared by the given `Tare`.
        measures_force: Whether its samples carry a wrench.
    """

    def __init__(
        self, name: str, options: ArmOptions, connect: Callable[[Tare], ArmSource], measures_force: bool = True
    ) -> None:  # fmt: skip
        self._name, self._options, self._connect = name, options, connect
        self._measures_force = measures_force
        self.tick_s = 1.0 / options.rate_hz
        self._tare, self._tared_s = Tare(options.rate_hz), 0.0
        self._source = connect(self._tare)
        self._feed = Feed(
            f"arm {name!r}", self._source, self._reopen, options.stale_s, keep=round(options.rate_hz)
        )
        self._moving = self._told_off = False
        self._started: ArmSource | None = None
        try:
            self._feed.wait_first(CONNECT_S)
            if options.control:
                self._started = self._source
                self._started.start()
                self._moving = True
        except DeviceError:
            self._feed.close()
            raise

    def _reopen(self) -> ArmSource:
        self._source = self._connect(self._tare)
        return self._source

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the wrench that the arm measures or estimates, if it does."""
        if not self._measures_force:
            return ()
        rate = self._options.rate_hz
        return (StreamSpec("arm", "wrench", "<f4", (6,), rate, "N, N·m", "tool", labels=LABELS),)

    def state(self) -> ArmState:
        """Return the newest state; its pose is NaN when it is too old."""
        newest = self._source.newest
        if newest is None or self._feed.age_s() > self._options.stale_s:
            joints = np.zeros(0 if newest is None else len(newest.joints))
            return ArmState(time.monotonic_ns(), joints, np.full(7, math.nan), np.zeros(6), 0.0)
        return newest

    def force_n(self) -> float | None:
        """Return the norm of the tared force; NaN if it is too old."""
        if not self._measures_force:
            return None
        newest = self._feed.latest()
        if not newest or self._feed.age_s() > self._options.stale_s:
            return math.nan
        force = np.asarray(newest[0].data)[:3].astype(np.float64)
        return float(np.sqrt(force @ force))

    def command(self, pose: np.ndarray, gripper: float) -> None:
        """Hand on the target, if the arm may and can move; else end motion for good, and say why."""
        if not self._options.control:
            self._tell_off(pose)
            return
        if not self._moving:
            return
        why = self._hindrance(pose)
        if not why:
            try:
                self._source.follow(pose, gripper)
            except DeviceError as error:
                why = error.cause
        if why:
            self._moving = False
            self._finish()
            self._feed.tell(
                f"{self._feed.name}: {why}. It does not move any more: start the device server again.",
                "error",
            )

    def _hindrance(self, pose: np.ndarray) -> str:
        if not np.isfinite(pose).all():
            return "a target was no number"
        if self._started is not self._source:
            return "its connection was lost, and made anew"
        if self._feed.age_s() > self._options.stale_s:
            return self._source.hindrance() or "its controller is silent"
        return self._source.hindrance()

    def _finish(self) -> None:
        with contextlib.suppress(DeviceError):  # its own watchdog ends motion
            self._source.finish()

    def _tell_off(self, pose: np.ndarray) -> None:
        here = self.state().pose
        if not self._told_off and float(np.abs(pose[:3] - here[:3]).max()) > MOVED_M:
            self._told_off = True
            self._feed.tell(
                f"{self._feed.name}: it is only measured; `control = true` in the rig file lets it move."
            )

    def collect(self) -> list[Sample]:
        """Return every wrench since the last call."""
        return [sample for sample in self._feed.collect() if sample.topic != ALIVE]

    def latest(self) -> list[Sample]:
        """Return the newest wrench."""
        return [sample for sample in self._feed.latest() if sample.topic != ALIVE]

    def tare(self) -> None:
        """Make the mean of the last tenth of a second the zero."""
        old, now = self._tare.zero, time.monotonic()
        new = self._tare.now()
        moved = drift(old[:3], new[:3], self._options.drift_n, now - (self._tared_s or now))
        if self._tared_s and moved:
            self._feed.tell(f"{self._feed.name}: {moved}")
        self._tared_s = now

    def notices(self) -> list[Notice]:
        """Return stalls, losses, and why it does not move."""
        return self._feed.notices()

    def close(self) -> None:
        """End motion and hang up."""
        if self._moving:
            self._moving = False
            self._finish()
        self._feed.close()
