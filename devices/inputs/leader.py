"""A leader arm after GELLO: a small copy of the arm in the person's hand, whose joints are read.

It has no button. So it enables nothing: the dead-man is the window's, a key or a foot pedal (decision 0033).
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np

from app.core.errors import DeviceError
from devices.inputs.dynamixel import ServoChain
from devices.inputs.interface import Held
from devices.inputs.leader_file import LeaderFile, leader_path, load_leader

PERIOD_S = 0.008
OLD_NS = 100_000_000  # joints that are older are no joints
GONE_S = 0.5  # without an answer for so long it counts as gone


class Leader:
    """Joints of a leader, read by a thread of its own, since a serial port makes its reader wait.

    Args:
        port: Its serial port.
        file: What is known of it; that of the port by default.

    Raises:
        DeviceError: If it was not calibrated, cannot be opened, or a servo does not answer.
    """

    def __init__(self, port: str, file: Path | None = None) -> None:
        self.plan: LeaderFile = load_leader(file or leader_path(port))
        self._chain = ServoChain(port, self.plan.servos, self.plan.baud)
        self._newest: tuple[int, np.ndarray] | None = None
        self._error: DeviceError | None = None
        self._open = True
        self._thread = threading.Thread(target=self._read, name="leader", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        heard = time.monotonic()
        while self._open:
            start = time.monotonic()
            try:
                self._newest = (time.monotonic_ns(), self._chain.angles())
                heard = start
            except DeviceError as error:
                if start - heard > GONE_S:
                    self._error = error
                    return
            time.sleep(max(0.0, start + PERIOD_S - time.monotonic()))

    def look(self, now_ns: int) -> Held:
        """Return the newest joints; none if they are old."""
        if self._error is not None:
            raise self._error
        newest = self._newest
        if newest is None or now_ns - newest[0] > OLD_NS:
            return Held()
        return Held(joints=self.plan.joints(newest[1]), opening=self.plan.opening(newest[1]))

    def feel(self, strong: float, weak: float) -> None:
        """A leader without motors that push cannot be felt."""

    def close(self) -> None:
        """End the thread and close the port."""
        self._open = False
        self._thread.join()
        self._chain.close()
