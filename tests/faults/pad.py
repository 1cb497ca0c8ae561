"""S4 with an input device: a gamepad's dead-man is let go, or the gamepad is unplugged, in the middle of a motion."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from pathlib import Path

from app.core.wire.client import Endpoints
from tests.app.teleop.test_held import Pad
from tests.faults.live import (
    LIMIT_MS,
    STILL_M,
    WATCH_S,
    Observer,
    Parent,
    attempts,
    begin,
    end_child,
    judge,
)
from tests.faults.trials import Verdict
from tests.faults.window import await_motion

DEAD_MAN, AXIS_UP = 5, 4  # a button and the right stick, as the joystick interface numbers them
BUTTON, STICK = 1, 2
FULL = 32767


def pad_trials(parent: Parent, endpoints: Endpoints, fault: str, count: int) -> tuple[Verdict, Verdict]:
    """Let go ("release") or unplug a gamepad while the arm follows its stick; then a held stick alone moves nothing.

    Its pipe is polled by the operator process; the time is counted from the write, or from the close.
    """
    stopped, still, chance = Verdict(), Verdict(), random.Random(fault)
    with contextlib.closing(Observer(endpoints)) as observer:
        observer.client.call("reset", timeout_s=30.0, seed=1, condition="nominal")
        for number in attempts(stopped, count):
            with (
                tempfile.TemporaryDirectory() as folder,
                contextlib.closing(PluggedIn(parent, endpoints, folder)) as one,
            ):
                went = one.push(observer, up=number % 2 == 0)
                observer.watch(chance.uniform(0.0, 0.1))
                broken = time.monotonic_ns()
                if fault == "unplug":
                    one.pad.unplug()
                else:
                    one.pad.send(0, BUTTON, DEAD_MAN)
                observer.watch(WATCH_S)
                judge(stopped, observer, went, broken, LIMIT_MS)
                still.note(observer.moved_m(broken + round(LIMIT_MS * 1e6)) <= STILL_M)
    return stopped, still


class PluggedIn:
    """An operator process with a gamepad of its own."""

    def __init__(self, parent: Parent, endpoints: Endpoints, folder: str) -> None:
        self.pad, self._parent = Pad(Path(folder)), parent
        words = ("--connect", endpoints.text(), "--operator", "hand", "--input", f"gamepad:{self.pad.path}")
        self.child, _ = parent.start("operate", *words)
        parent.do(lambda hub: begin(hub, self.child))

    def push(self, observer: Observer, up: bool) -> float:
        """Hold dead-man and stick until the arm is on its way; returns how far it went."""
        went = 0.0
        for _ in range(5):
            self.pad.send(0, BUTTON, DEAD_MAN)
            observer.watch(0.1)
            observer.rows.clear()
            begun = time.monotonic_ns()
            self.pad.send(-FULL if up else FULL, STICK, AXIS_UP)
            self.pad.send(1, BUTTON, DEAD_MAN)
            went = await_motion(observer, begun, 1.0)
            if went > 0.0:
                break
        return went

    def close(self) -> None:
        """Unplug and end the process."""
        self.pad.unplug()
        end_child(self._parent, self.child)
