"""Live trials of the real window: it holds the dead-man or lets a policy drive, and then it freezes, dies or is left.

The window runs as its own process with everything that it starts by itself; the time is that of the last change of
`arm/applied`, as the device stamps it, minus the moment of the fault.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from app.core.wire.client import Endpoints
from tests.contracts.sources import ROOT
from tests.faults.keyboard import Keyboard
from tests.faults.live import LIMIT_MS, STILL_M, WATCH_S, Observer, judge
from tests.faults.trials import Verdict
from tests.hygiene import wait_until

START_S = 90.0
ANSWER_S = 60.0
MOVING_M = 0.004
FAULTS = ("busy", "dialog", "menu", "blur", "page", "stop", "freeze")
ENDS = ("kill", "close", "exit", "terminate")
NAMES = {
    "busy": "a busy loop in the Qt thread",
    "dialog": "a modal dialog opens",
    "menu": "a menu opens",
    "blur": "the window loses the focus",
    "page": "another workspace is opened",
    "stop": "the STOP button",
    "escape": "Esc over a modal dialog",
    "freeze": "the window's process is halted (SIGSTOP)",
    "kill": "the window is killed (SIGKILL)",
    "close": "the window is closed",
    "exit": "the application quits",
    "terminate": "the window is terminated (SIGTERM)",
}


class WindowProcess:
    """The real window as a child. A context manager: it and all that it started end with it."""

    def __init__(self, folder: Path, platform: str = "offscreen", **environment: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / "window.txt").open("wb")
        command = [sys.executable, "-m", "tests.faults.window_child", "--data", str(folder / "project")]
        own = {
            "QT_QPA_PLATFORM": platform,
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHONPATH": str(ROOT),
        }
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **own, **environment}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._log, start_new_session=True,
        )  # fmt: skip
        self._unread = b""

    def __enter__(self) -> WindowProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it and its descendants, and wait for them."""
        self.signal(signal.SIGCONT)
        family = descendants(self.process.pid)
        self.signal(signal.SIGTERM)
        self._let_go()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._log):
            if stream is not None:
                stream.close()
        wait_until(lambda: not any(alive(pid) for pid in family), 30.0, "the end of what the window started")

    def _let_go(self) -> None:
        """Read what is left, so that nothing blocks at its pipe."""
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def post(self, *words: object) -> None:
        """Ask for something, without waiting."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        self.process.stdin.flush()

    def do(self, *words: object) -> Any:
        """Ask for something and return what came of it."""
        self.post(*words)
        return self.answer(str(words[0]))["result"]

    def answer(self, name: str, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Return the next answer to a line of this name."""
        assert self.process.stdout is not None
        end = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() < end:
                while b"\n" in self._unread:
                    line, _, self._unread = self._unread.partition(b"\n")
                    found: dict[str, Any] = json.loads(line)
                    if found["name"] == name:
                        return found
                if selector.select(max(0.0, end - time.monotonic())):
                    data = os.read(self.process.stdout.fileno(), 65536)
                    if not data:
                        break
                    self._unread += data
        log = (self.folder / "window.txt").read_text(errors="replace")[-2000:]
        raise AssertionError(f"the window did not answer {name!r}; it said: {log}")

    def await_state(self, timeout_s: float = START_S, **wanted: object) -> dict[str, Any]:
        """Return the state as soon as it has these values."""
        state: dict[str, Any] = {}

        def there() -> bool:
            state.update(self.do("state"))
            return all(state[key] == value for key, value in wanted.items())

        try:
            wait_until(there, timeout_s, f"{wanted} of the window")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {state}") from None
        return state

    def collect(self) -> Endpoints:
        """Connect the rig and be ready to move it by hand; returns where the device server listens."""
        self.do("front")
        self.do("connect")
        return Endpoints.parse(str(self.await_state(collect="ready", engaged=True)["connect"]))


def descendants(pid: int) -> list[int]:
    """Return the processes that this one started, and those that they started."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in path.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (one that ended and was not waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def await_motion(observer: Observer, since_ns: int, seconds: float, enough_m: float = MOVING_M) -> float:
    """Watch until the device's own samples show motion now; returns how far it went, 0 if it did not come."""
    observer.watch(seconds, lambda: observer.moved_m(since_ns) > enough_m and observer.moves_now())
    return observer.moved_m(since_ns) if observer.moves_now() else 0.0


def hold(window: WindowProcess, observer: Observer, number: int, chance: random.Random) -> float:
    """Press the dead-man and a direction anew, and wait for motion; returns how far it went."""
    window.do("release", "space", "left", "right")
    observer.watch(0.05)
    observer.rows.clear()
    begun = time.monotonic_ns()
    window.do("press", "space", "left" if number % 2 else "right")
    went = await_motion(observer, begun, 2.0)
    observer.watch(chance.uniform(0.0, 0.1))
    return went


def break_window(window: WindowProcess, fault: str, busy_s: float) -> int:
    """Do a fault to the window; returns when it happened."""
    at_ns = time.monotonic_ns()
    if fault == "freeze":
        window.signal(signal.SIGSTOP)
    elif fault == "kill":
        window.signal(signal.SIGKILL)
    elif fault == "terminate":
        window.signal(signal.SIGTERM)
    elif fault == "exit":
        window.post("exit")
    elif fault == "busy":
        window.post("busy", busy_s)
    elif fault == "page":
        window.post("page", 1)
    else:
        window.post(fault)
    return at_ns


def mend_window(window: WindowProcess, fault: str, observer: Observer) -> None:
    """Undo a fault; the person holds the key all the while."""
    if fault == "freeze":
        window.signal(signal.SIGCONT)
    elif fault == "page":
        window.do("page", 0)
    observer.watch(0.02)
    window.do("front")


def hand_trials(
    window: WindowProcess, observer: Observer, fault: str, count: int, busy_s: float = 1.0
) -> tuple[Verdict, Verdict]:
    """S3, S13: the window fails while its Space is held; and S5: then the same press moves nothing."""
    stopped, still, chance = Verdict(), Verdict(), random.Random(fault)
    for number in range(2 * count):
        if stopped.trials >= count:
            break
        window.do("front")
        went = hold(window, observer, number, chance)
        broken = break_window(window, fault, busy_s)
        observer.watch(max(WATCH_S, busy_s + 0.1) if fault == "busy" else WATCH_S)
        judge(stopped, observer, went, broken, LIMIT_MS)
        again = time.monotonic_ns()
        mend_window(window, fault, observer)
        observer.watch(0.2)
        still.note(observer.moved_m(again) <= STILL_M)
    window.do("release", "space", "left", "right")
    return stopped, still


def dropped_release_trials(window: WindowProcess, observer: Observer, count: int) -> Verdict:
    """S3: the hand lets go, and the window never hears of it. Needs a window on an X server (platform xcb)."""
    verdict, chance = Verdict(), random.Random("dropped")
    with contextlib.closing(Keyboard()) as keyboard:
        for number in range(3 * count):
            if verdict.trials >= count:
                break
            direction = "left" if number % 2 else "right"
            went = hold_keys(window, observer, keyboard, direction)
            observer.watch(chance.uniform(0.0, 0.1))
            window.do("deaf", True)
            broken = time.monotonic_ns()
            keyboard.key("space", False)
            observer.watch(WATCH_S)
            judge(verdict, observer, went, broken, LIMIT_MS)
            keyboard.key(direction, False)
            window.do("deaf", False)
            window.do("release", direction)  # the window still thinks that this one is down
    return verdict


def hold_keys(window: WindowProcess, observer: Observer, keyboard: Keyboard, direction: str) -> float:
    """Hold Space and a direction on the keyboard until the arm is on its way; again if a stall ends it."""
    went = 0.0
    for _ in range(5):
        window.do("front")
        keyboard.key(direction, False)
        keyboard.key("space", False)
        observer.watch(0.1)
        observer.rows.clear()
        begun = time.monotonic_ns()
        keyboard.key("space", True)
        keyboard.key(direction, True)
        went = await_motion(observer, begun, 1.0)
        if went > 0.0:
            break
    return went


def end_trials(folder: Path, fault: str, count: int, opened: Callable[[Path], WindowProcess]) -> Verdict:
    """S3, S13: the window ends (killed, closed, told to) while its Space is held; a new window for each trial."""
    verdict, chance = Verdict(), random.Random(fault)
    for number in range(2 * count):
        if verdict.trials >= count:
            break
        place = folder / f"{fault}-{number}"
        with opened(place) as window:
            observer = Observer(window.collect())
            try:
                went = hold(window, observer, number, chance)
                broken = break_window(window, fault, 0.0)
                observer.watch(WATCH_S + 0.2)
                judge(verdict, observer, went, broken, LIMIT_MS)
            finally:
                observer.close()
        shutil.rmtree(place)
    return verdict


def policy_trials(
    window: WindowProcess, observer: Observer, fault: str, count: int, enabled_by: str
) -> Verdict:
    """S3, S13: a policy drives, enabled by the window (or by the simulated rig), and the window fails."""
    verdict, chance = Verdict(), random.Random(fault)
    for _ in range(3 * count):
        if verdict.trials >= count:
            break
        window.do("front")
        window.await_state(deploy="idle")
        assert window.do("go", enabled_by)
        window.await_state(deploy="driving")
        observer.rows.clear()
        begun = time.monotonic_ns()
        went = await_motion(observer, begun, 15.0, 0.002)
        observer.watch(chance.uniform(0.0, 0.1))
        if fault == "escape":
            window.do("dialog")
            observer.watch(0.02)
            went = await_motion(observer, begun, 5.0, 0.002)
        broken = break_window(window, fault, 1.0)
        observer.watch(WATCH_S)
        judge(verdict, observer, went, broken, LIMIT_MS)
        mend_window(window, fault, observer)
        if window.do("state")["deploy"] != "idle":
            window.do("stop")
    return verdict
