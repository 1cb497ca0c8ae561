"""The person's side of a far rig, as a program: the real operator process, beats as the window makes them, an observer.

    python -m tests.faults.far_side STREAMS,COMMANDS

Told by lines of JSON, answers each with one; see the methods `do_…`. All times that it tells are session times.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from typing import Any

import numpy as np
import zmq

from app.core.link.hub import Hub
from app.core.priority import prefer_control
from app.core.safety.reasons import Reason, words
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.codec import decode_array, encode
from app.core.wire.messages import SCHEMA_VERSION, Beat, SetPoint
from app.core.wire.sockets import connect, make_context

BEAT_S = 0.010  # of the window's timer
TURN_S = 0.5
STOPPED = Reason.EXPIRED | Reason.REARM
STEP_M = 1e-5  # between the targets of two set-points, so that each is known again


class FarSide:
    """Hub, operator process and observer."""

    def __init__(self, hub: Hub, endpoints: Endpoints, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.hub, self.endpoints = hub, endpoints
        self.child = hub.start("operate", "--connect", endpoints.text(), "--operator", "hand")
        self.window = connect(context, zmq.PUSH, str(hub.wait_ready(self.child, 60.0)["input"]))
        self.observer = DeviceClient(endpoints)
        self.observer.synchronise()
        self.observer.subscribe(("arm/applied", "arm/reasons", "arm/commanded"))
        self.home = np.array(self.observer.describe().home)
        self.press = 0
        self.rows: dict[str, list[tuple[int, np.ndarray]]] = {}
        hub.intent(self.child, "begin", seed=0)
        hub.wait_for(self.child, ("state",), 20.0, name="driving")

    def close(self) -> None:
        """Close the sockets; the hub ends the operator."""
        self.window.close()
        self.observer.close()

    def _watch(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for topic, header, buffer in self.observer.receive(max(1, int(left * 1e3))):
                rows = np.array(decode_array(header, buffer))
                self.rows.setdefault(topic.decode(), []).extend(zip(header.t_ns, rows, strict=True))
        self.observer.keep_time()
        self.hub.poll(0)

    def _beat(self, enable: bool, direction: float) -> None:
        twist = (0.0, direction, 0.0, 0.0, 0.0, 0.0)
        now = time.monotonic_ns()
        self.window.send(encode(Beat(SCHEMA_VERSION, now, enable, self.press, twist, 0.5, 0.0, False)))

    def do_clock(self) -> dict[str, Any]:
        """Tell what the clock map found."""
        clock = self.observer.synchronise()
        return {"offset_ns": clock.offset_ns, "bound_ns": clock.bound_ns}

    def do_release(self, seconds: float) -> dict[str, Any]:
        """Let go for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._beat(False, 0.0)
            self._watch(BEAT_S)
        return {}

    def do_hold(self, seconds: float, fresh: bool = True) -> dict[str, Any]:
        """Hold the dead-man and go back and forth; a fresh press, or the same again. Tells what came of it."""
        self.press += fresh
        self.rows.clear()
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            self._beat(True, 1.0 if int(passed / TURN_S) % 2 else -1.0)
            self._watch(BEAT_S)
        return self._summary()

    def _summary(self) -> dict[str, Any]:
        applied, reasons = self.rows.get("arm/applied", []), self.rows.get("arm/reasons", [])
        places = np.array([row[:3] for _, row in applied])
        way = np.linalg.norm(np.diff(places, axis=0), axis=1)
        times = np.array([t for t, _ in applied])
        moving = times[1:][way > 1e-9]
        free = [
            t for t, row in reasons if not int(row[0]) & STOPPED
        ]  # until the press arrives the last stop holds
        stops = [t for t, row in reasons if int(row[0]) & STOPPED and t > min(free, default=0)]
        first = next((row for t, row in reasons if stops and t == stops[0]), np.zeros(1))
        return {
            "samples": len(applied), "why": words(int(first[0])), "way_m": float(way.sum()), "stopped": len(stops),
            "first_stop_ns": int(stops[0]) if stops else 0, "last_move_ns": int(moving[-1]) if len(moving) else 0,
            "longest_gap_ms": float(np.diff(moving).max() * 1e-6) if len(moving) > 1 else 0.0,
        }  # fmt: skip

    def do_send(self, seconds: float) -> dict[str, Any]:
        """Send set-points that are known again, as their holder; tells the ages of those that the server took."""
        self.hub.intent(self.child, "end")
        self.hub.wait_for(self.child, ("state",), 20.0, name="ended")
        stamps: list[int] = []
        self.rows.clear()
        with DeviceClient(self.endpoints) as client:
            clock = client.synchronise()
            client.call("lease", holder="sender", source="operator")
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                now = clock.now_ns()
                pose = self.home.copy()
                pose[0] += len(stamps) * STEP_M
                point = SetPoint(SCHEMA_VERSION, "sender", "operator", len(stamps), now, now, 1 + len(stamps) // 50, -1,
                                 tuple(float(x) for x in pose), 0.04)  # fmt: skip
                client.send_setpoint(point)
                stamps.append(now)
                client.keep_time()
                self._watch(0.01)
            self._watch(0.5)
            client.call("release", holder="sender")
        taken = [
            (t, round((row[0] - self.home[0]) / STEP_M)) for t, row in self.rows.get("arm/commanded", [])
        ]
        ages = [(t - stamps[number]) * 1e-6 for t, number in taken]
        numbers = [number for _, number in taken]
        rising = all(a < b for a, b in itertools.pairwise(numbers))
        return {
            "sent": len(stamps),
            "taken": len(taken),
            "oldest_ms": max(ages),
            "newest_ms": min(ages),
            "rising": rising,
        }


def main() -> None:
    """Do what is asked until the input ends."""
    context = make_context()
    with Hub() as hub:
        far = FarSide(hub, Endpoints.parse(sys.argv[1]), context)
        prefer_control()  # what else runs here is no part of the trial
        print(json.dumps({"monotonic_ns": time.monotonic_ns()}), flush=True)
        for line in sys.stdin:
            told = json.loads(line)
            answer = getattr(far, f"do_{told.pop('do')}")(**told)
            print(json.dumps(answer), flush=True)
        far.close()
    context.term()


if __name__ == "__main__":
    main()
