"""Live trials: a real device server in real time, real links, real processes, and faults in the middle of a motion.

Measured at the device: the stamp of the last change of `arm/applied` minus the moment of the fault, one clock.
"""

from __future__ import annotations

import os
import queue
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
import zmq

from app.core.link.hub import Child, Hub
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.codec import decode_array, encode
from app.core.wire.messages import SCHEMA_VERSION, Beat, Event, SetPoint
from app.core.wire.sockets import connect
from tests.faults.proxy import TcpProxy
from tests.faults.trials import Verdict

T = TypeVar("T")
LIMIT_MS = 100.0
WATCH_S = 0.3
REACH_M = 0.08
SEND_S = 0.02
STILL_M = 1e-9
MOVED_M = 1e-3
MOVING_M = 4e-3
STALE_NS = 30_000_000
PATIENCE_S = 3.0


class Parent:
    """A hub with its own thread, which also does what it is asked. A context manager: its children end with it.

    Attributes:
        ended: How many episodes each driver has ended, by run id.
    """

    def __init__(self) -> None:
        self._tasks: queue.Queue[tuple[Callable[[Hub], Any], Future[Any]]] = queue.Queue()
        self.ended: Counter[str] = Counter()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="parent")

    def do(self, task: Callable[[Hub], T]) -> T:
        """Run a function of the hub in the hub's thread and return its result."""
        future: Future[T] = Future()
        self._tasks.put((task, future))
        return future.result(timeout=120.0)

    def _hear(self, child: Child, event: Event) -> None:
        self.ended[child.run_id] += event.kind == "state" and event.body.get("name") == "ended"

    def _run(self) -> None:
        with Hub(self._hear) as hub:
            while not self._ending.is_set():
                hub.poll(5)
                while not self._tasks.empty():
                    task, future = self._tasks.get()
                    try:
                        future.set_result(task(hub))
                    except BaseException as error:  # noqa: BLE001 - the asker gets it
                        future.set_exception(error)

    def start(self, role: str, *words: str) -> tuple[Child, dict[str, Any]]:
        """Start a role and wait until it is ready."""
        child = self.do(lambda hub: hub.start(role, *words))
        return child, self.do(lambda hub: hub.wait_ready(child, 120.0))

    def __enter__(self) -> Parent:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()


class Observer:
    """Sees what the governor lets through, by a link of its own."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.client = DeviceClient(endpoints)
        self.client.subscribe(("arm/applied",))
        self.home = np.array(self.client.describe().home)
        self.rows: list[tuple[int, np.ndarray]] = []

    def watch(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Take in what comes for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            for _, header, buffer in self.client.receive(5):
                rows = np.array(decode_array(header, buffer))
                self.rows.extend(zip(header.t_ns, rows, strict=True))

    def moved_m(self, since_ns: int) -> float:
        """Return how far the target went after a moment."""
        rows = np.array([row[:3] for t, row in self.rows if t >= since_ns])
        return float(np.ptp(rows, axis=0).max()) if len(rows) else 0.0

    def stopped_after_ms(self, since_ns: int) -> float:
        """Return when the target last changed, counted from a moment."""
        last = since_ns
        for (_, before), (t_ns, after) in zip(self.rows, self.rows[1:], strict=False):
            if np.abs(after[:7] - before[:7]).max() > STILL_M:
                last = max(last, t_ns)
        return (last - since_ns) * 1e-6

    def moves_now(self) -> bool:
        """Whether the target changed within the last samples that came, and these are new."""
        return bool(self.rows) and self.was_moving(max(self.rows[-1][0], time.monotonic_ns() - STALE_NS))

    def was_moving(self, at_ns: int) -> bool:
        """Whether the target changed in the 40 ms before a moment."""
        rows = np.array([row[:3] for t, row in self.rows if at_ns - 40_000_000 <= t <= at_ns])
        return len(rows) > 1 and float(np.ptp(rows, axis=0).max()) > STILL_M

    def close(self) -> None:
        self.client.close()


class Sender:
    """An operator's sender of set-points at 50 Hz through a link that may be faulty."""

    def __init__(self, endpoints: Endpoints, holder: str = "sender") -> None:
        self.client = DeviceClient(endpoints)
        self.holder, self.seq, self.press = holder, 0, 1

    def send(self, goal: np.ndarray) -> None:
        """Send one set-point, stamped now."""
        self.seq += 1
        now = time.monotonic_ns()
        row = tuple(float(x) for x in goal)
        point = SetPoint(
            SCHEMA_VERSION, self.holder, "operator", self.seq, now, now, self.press, -1, row, 0.04
        )
        self.client.send_setpoint(point)

    def drive(self, goal: np.ndarray, seconds: float, observer: Observer) -> None:
        """Send at 50 Hz while the observer watches."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.send(goal)
            observer.watch(SEND_S)

    def drive_until_moving(self, goal: np.ndarray, observer: Observer) -> float:
        """Send until the device's own samples show the arm on its way; returns how far it went, 0 if it never did."""
        begun, end = time.monotonic_ns(), time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            self.drive(goal, SEND_S, observer)
            if observer.moved_m(begun) > MOVING_M and observer.moves_now():
                break
        return observer.moved_m(begun)

    def close(self) -> None:
        self.client.close()


def goal_of(observer: Observer, number: int) -> np.ndarray:
    """Return a goal to one side, and to the other in the next trial."""
    goal: np.ndarray = observer.home.copy()
    goal[1] += REACH_M if number % 2 else -REACH_M
    return goal


def attempts(verdict: Verdict, count: int) -> Iterator[int]:
    """Number the attempts until `count` of them counted, at most three times as many."""
    for number in range(3 * count):
        if verdict.trials >= count:
            return
        yield number


def judge(verdict: Verdict, observer: Observer, went: float, broken_ns: int, limit_ms: float) -> None:
    """Count a trial. It is void only if nothing moved when the fault came, and nothing moved too late either."""
    time_ms = observer.stopped_after_ms(broken_ns)
    moving = went >= MOVED_M and observer.was_moving(broken_ns)
    if time_ms <= limit_ms and not moving:
        verdict.void += 1
    else:
        verdict.note(time_ms <= limit_ms, time_ms)


def link_trials(endpoints: Endpoints, fault: str, count: int, stopped: Verdict, rearmed: Verdict) -> None:
    """S1 and S5 on a real link: break it in mid-motion, keep sending, mend it, go on with the same press."""
    chance = random.Random(fault)
    observer = Observer(endpoints)
    with TcpProxy(endpoints.commands) as proxy:
        sender = Sender(Endpoints(endpoints.streams, proxy.endpoint))
        try:
            sender.client.call("lease", holder=sender.holder, source="operator")
            for number in attempts(stopped, count):
                goal = goal_of(observer, number)
                sender.press += 1
                observer.rows.clear()
                went = sender.drive_until_moving(goal, observer)
                sender.drive(goal, chance.uniform(0.0, 0.06), observer)
                apply_fault(proxy, fault)
                broken = time.monotonic_ns()
                sender.drive(goal, WATCH_S, observer)
                judge(stopped, observer, went, broken, LIMIT_MS)
                mended = time.monotonic_ns()
                proxy.faults.stalled = proxy.faults.black_hole = proxy.faults.down = False
                sender.drive(goal, WATCH_S, observer)
                rearmed.note(observer.moved_m(mended) <= STILL_M)
        finally:
            proxy.faults.stalled = proxy.faults.black_hole = proxy.faults.down = False
            sender.client.call("release", holder=sender.holder)
            sender.close()
            observer.close()


def apply_fault(proxy: TcpProxy, fault: str) -> None:
    """Break a link: stall, black_hole, close or reset; the latter two stay broken until mended, as a pulled plug is."""
    if fault == "close":
        proxy.faults.down = True
        proxy.close_all()
    elif fault == "reset":
        proxy.faults.down = True
        proxy.reset_all()
    else:
        setattr(proxy.faults, fault, True)


def process_trials(parent: Parent, endpoints: Endpoints, how: int, count: int) -> Verdict:
    """S2, S13: the process that drives (scripted, enabled by itself) is stopped, killed or terminated in mid-motion."""

    def start() -> Child:
        return parent.start("operate", "--connect", endpoints.text(), "--operator", "script")[0]

    return driver_trials(parent, endpoints, how, count, start, "operate-script")


def driver_trials(
    parent: Parent, endpoints: Endpoints, how: int, count: int, start: Callable[[], Child], holder: str,
) -> Verdict:  # fmt: skip
    """Have a process drive by itself, do something to it in mid-motion by a signal, and again with the next one.

    One that was halted or hung goes on afterwards, and must move nothing any more until it gives up.
    """
    verdict, chance = Verdict(), random.Random(how)
    observer, child = Observer(endpoints), None
    try:
        for number in attempts(verdict, count):
            child = child if child is not None and child.running else start()
            observer.client.call("reset", timeout_s=30.0, seed=number, condition="nominal")
            ended = parent.ended[child.run_id]
            went = drive_by_itself(parent, child, observer)
            observer.watch(chance.uniform(0.0, 0.1))
            broken = time.monotonic_ns()
            os.kill(child.process.pid, how)
            observer.watch(WATCH_S)
            judge(verdict, observer, went, broken, LIMIT_MS)
            if how in (signal.SIGSTOP, signal.SIGUSR1):
                go_on(parent, child, observer, ended, verdict)
            else:
                end_child(parent, child)
            observer.client.call("release", holder=holder)
    finally:
        if child is not None:
            end_child(parent, child)
        observer.close()
    return verdict


def end_child(parent: Parent, child: Child) -> None:
    """Stop a child, if it still runs."""
    parent.do(lambda hub: hub.stop(child) if child.run_id in hub.children else None)


def drive_by_itself(parent: Parent, child: Child, observer: Observer) -> float:
    """Let a process begin to drive, and wait until the arm is on its way; returns how far it went."""
    observer.rows.clear()
    begun = time.monotonic_ns()
    parent.do(lambda hub: hub.intent(child, "begin", seed=1))
    observer.watch(20.0, lambda: observer.moved_m(begun) > MOVING_M and observer.moves_now())
    return observer.moved_m(begun)


def go_on(parent: Parent, child: Child, observer: Observer, ended: int, verdict: Verdict) -> None:
    """Let a process that was halted go on, until it has ended its episode; it must move nothing."""
    again = time.monotonic_ns()
    os.kill(child.process.pid, signal.SIGCONT)
    observer.watch(20.0, lambda: parent.ended[child.run_id] > ended)
    assert parent.ended[child.run_id] > ended, "it does not notice that it was stopped"
    verdict.failures += observer.moved_m(again) > STILL_M


class Window:
    """The window's side of a hand: beats every 10 ms while held."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        self.socket = connect(context, zmq.PUSH, endpoint)
        self.press = 0

    def beat(self, enable: bool, direction: float) -> None:
        """Send one beat."""
        twist = (0.0, direction, 0.0, 0.0, 0.0, 0.0)
        self.socket.send(
            encode(Beat(SCHEMA_VERSION, time.monotonic_ns(), enable, self.press, twist, 1.0, 0.0, False))
        )


def hand_trials(parent: Parent, endpoints: Endpoints, fault: str, count: int) -> tuple[Verdict, Verdict]:
    """S3, S4, S13: release, a window that freezes, or the stop command; then the same press again moves nothing."""
    stopped, still = Verdict(), Verdict()
    chance = random.Random(fault)
    limit_ms = 50.0 if fault == "release" else LIMIT_MS
    child, ready = parent.start("operate", "--connect", endpoints.text(), "--operator", "hand")
    observer = Observer(endpoints)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    window = Window(context, str(ready["input"]))
    try:
        parent.do(lambda hub: begin(hub, child))
        for number in attempts(stopped, count):
            direction = 1.0 if number % 2 else -1.0
            window.press += 1
            observer.rows.clear()
            begun = time.monotonic_ns()
            hold_until_moving(window, direction, observer)
            hold(window, direction, chance.uniform(0.0, 0.1), observer)
            went = observer.moved_m(begun)
            broken = time.monotonic_ns()
            if fault == "release":
                window.beat(False, direction)
            elif fault == "stop":
                observer.client.call("stop", reason="trial")
            observer.watch(WATCH_S)
            judge(stopped, observer, went, broken, limit_ms)
            again = time.monotonic_ns()
            if fault != "release":  # after a release the same press cannot go on: the key is up
                hold(window, direction, 0.2, observer)
                still.note(observer.moved_m(again) <= STILL_M)
    finally:
        window.socket.close()
        context.term()
        observer.close()
        parent.do(lambda hub: hub.stop(child))
    return stopped, still


def begin(hub: Hub, child: Child) -> None:
    """Let a driver begin, and wait until it drives."""
    hub.intent(child, "begin", seed=0)
    hub.wait_for(child, ("state",), 10.0, name="driving")


def hold_until_moving(window: Window, direction: float, observer: Observer) -> None:
    """Hold until the device's own samples show the arm on its way."""
    begun, end = time.monotonic_ns(), time.monotonic() + PATIENCE_S
    while time.monotonic() < end and not (observer.moved_m(begun) > MOVING_M and observer.moves_now()):
        hold(window, direction, 0.02, observer)


def hold(window: Window, direction: float, seconds: float, observer: Observer) -> None:
    """Hold the dead-man and a direction for some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        window.beat(True, direction)
        observer.watch(0.01)
