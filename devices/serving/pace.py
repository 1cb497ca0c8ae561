"""The two ways in which a device server lets time go on.

Real time: one governor period every `tick_s`; a machine that stalls skips, it never catches up in a burst.
Lock-step: one control period when its set-point and the recorders' credits are there; the clock is simulated.
"""

from __future__ import annotations

import time

from app.core.clock import ManualClock
from devices.serving.core import DeviceServer

STALL_S = 0.04  # what is later than that is skipped
BATCH_TICKS = 2  # governor periods per published batch in real time
LINK_PERIOD_S = 0.1


def run_realtime(server: DeviceServer) -> None:
    """Serve in real time until the link stops."""
    tick_s = server.description.tick_s
    per_period = max(1, round(server.rig.period_ms * 1e-3 / tick_s))
    next_s, next_link, ticks = time.monotonic(), 0.0, 0
    while not server.link.stopping:
        next_s += tick_s
        while (left := next_s - time.monotonic()) > 0:
            server.hear(0 if left < 1e-3 else int(left * 1e3))
            if left < 1e-3:
                time.sleep(max(0.0, next_s - time.monotonic()))
        server.hear(0)
        now = time.monotonic()
        if now - next_s > STALL_S:
            server.wake(now - next_s)
            next_s = now
        server.step(time.monotonic_ns())
        ticks += 1
        if ticks % per_period == 0:
            server.period += 1
            server.publish_tick()
        elif ticks % BATCH_TICKS == 0:
            server.publisher.flush()
        if now >= next_link:
            next_link = now + LINK_PERIOD_S
            server.link.poll()
            server.tell_refusals()


def run_lockstep(server: DeviceServer, clock: ManualClock) -> None:
    """Serve in lock-step until the link stops."""
    per_period = max(1, round(server.rig.period_ms * 1e-3 / server.description.tick_s))
    tick_ns = round(server.description.tick_s * 1e9)
    next_link = 0.0
    while not server.link.stopping:
        if _may_step(server):
            for _ in range(per_period):
                clock.set_ns(clock.now_ns() + tick_ns)
                server.step(clock.now_ns())
            for holder in server.credits:
                server.credits[holder] -= 1
            server.period += 1
            server.publish_tick()
            server.hear(0)
        else:
            server.hear(50)
        now = time.monotonic()
        if now >= next_link:
            next_link = now + LINK_PERIOD_S
            server.link.poll()
            server.tell_refusals()


def _may_step(server: DeviceServer) -> bool:
    has_setpoint = server.state.holder != "" and server.setpoint_period == server.period
    return has_setpoint and all(count > 0 for count in server.credits.values())
