"""Parts of `bench wire` on a real rig in real time: jitter of the operator loop, age of samples, input to governor."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np
import zmq

from app.bench.summary import summarize
from app.core.drive.controller import Action, Start
from app.core.drive.loop import Driver
from app.core.errors import DeviceError
from app.core.link.child import ChildLink
from app.core.link.hub import Hub
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.codec import encode
from app.core.wire.messages import SCHEMA_VERSION, Beat, SampleHeader, Source
from app.core.wire.sockets import connect

RATE_HZ = 250.0
AGE_TOPIC = "arm/pose"
COMMANDED = b"arm/commanded"
HEARD_S = 1.0
RELEASED_S = 0.03
STILL = (0.0,) * 6
SETTLE = 50


class Metronome:
    """A source of motion that asks for none, and notes when it is called and how old its samples are."""

    source: Source = "policy"
    rate_hz = RATE_HZ
    topics = (AGE_TOPIC,)

    def __init__(self, hub: Hub, seconds: float) -> None:
        self.runs_ns: list[list[int]] = []
        self.ages_ms: list[float] = []
        self._hub, self._end_s = hub, time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self._end_s

    def begin(self, start: Start) -> None:
        """Begin another run."""
        self.runs_ns.append([])

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Note the age of each sample at this subscriber."""
        now = time.monotonic_ns()
        self.ages_ms.extend((now - t_ns) * 1e-6 for t_ns in header.t_ns)

    def act(self, now_ns: int) -> Action:
        """Note the time; move nothing."""
        self.runs_ns[-1].append(now_ns)
        return Action(None, done=self.over)

    def state(self) -> dict[str, Any]:
        """Nothing to show; our children hear from us here, ten times a second."""
        self._hub.poll(0)
        return {}


def measure_loop(hub: Hub, link: ChildLink, endpoints: Endpoints, seconds: float) -> dict[str, float]:
    """Return jitter (distance of each interval from 4 ms) and one-way age of samples of `arm/pose`.

    A machine so busy that the governor stops the loop (60 ms without a sign of it) is measured on; `loop_stops` counts.
    """
    metronome = Metronome(hub, seconds)
    with DeviceClient(endpoints) as client:
        driver = Driver(client, metronome, link, "bench", headless=True)
        while not metronome.over:
            driver.run(seed=0)
    intervals_ms = np.concatenate([np.diff(run[SETTLE:]) for run in metronome.runs_ns]) * 1e-6
    jitter = np.abs(intervals_ms - 1e3 / RATE_HZ)
    ages = summarize("sample_age", metronome.ages_ms[SETTLE:])
    return {**summarize("jitter", jitter), **ages, "loop_stops": len(metronome.runs_ns) - 1}


def measure_input(hub: Hub, endpoints: Endpoints, seconds: float) -> dict[str, float]:
    """Return the time from a press, stamped as the window stamps it, to the governor's acceptance of its set-point.

    The hand's own process is in between, as in the window's session; the server stamps `arm/commanded` on acceptance.
    """
    operator = hub.start("operate", "--connect", endpoints.text(), "--operator", "hand")
    ready = hub.wait_ready(operator)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    window = connect(context, zmq.PUSH, str(ready["input"]))
    chance = random.Random(0)
    latencies: list[float] = []
    try:
        with DeviceClient(endpoints) as client:
            client.subscribe((COMMANDED.decode(),))
            hub.intent(operator, "begin", seed=0)
            hub.wait_for(operator, ("state",), 10.0, name="driving")
            _release(client, window, 0, RELEASED_S)  # a press counts when the hand was seen open before it
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                press = len(latencies) + 1
                latencies.append(_one_press(client, window, press, hub))
                _release(client, window, press, RELEASED_S + chance.random() * 0.02)
    finally:
        window.close()
        context.term()
    hub.stop(operator)
    return summarize("input_to_governor", latencies[1:])


def _beat(window: zmq.Socket[bytes], enable: bool, press: int) -> int:
    stamp_ns = time.monotonic_ns()
    window.send(encode(Beat(SCHEMA_VERSION, stamp_ns, enable, press, STILL, 0.5, 0.0, False)))
    return stamp_ns


def _one_press(client: DeviceClient, window: zmq.Socket[bytes], press: int, hub: Hub) -> float:
    stamp_ns = _beat(window, True, press)
    deadline = time.monotonic() + HEARD_S
    while time.monotonic() < deadline:
        for _, header, _ in client.receive(20):
            taken_ns = [t_ns for t_ns in header.t_ns if t_ns >= stamp_ns]
            if taken_ns:
                hub.poll(0)
                return (taken_ns[0] - stamp_ns) * 1e-6
    raise DeviceError("bench 'wire'", f"no set-point of press {press} was accepted within {HEARD_S:g} s")


def _release(client: DeviceClient, window: zmq.Socket[bytes], press: int, seconds: float) -> None:
    """Release, and take in what was still on its way; nothing of this press is heard afterwards."""
    _beat(window, False, press)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        list(client.receive(max(1, int(left * 1e3))))
