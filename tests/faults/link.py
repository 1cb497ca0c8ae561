"""The link between two machines, as a program: forwards commands and streams, with delays and stalls.

    python -m tests.faults.link STREAMS,COMMANDS HOST DELAY_S

Told by lines of JSON: {"do": "set", "delay_s", "jitter_s", "stall_s", "every_s"}; a stall holds everything both ways.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from pathlib import Path

from app.core.priority import REALTIME
from app.core.wire.client import Endpoints
from tests.faults.proxy import TcpProxy


class Stalls:
    """Holds the traffic of some proxies now and then."""

    def __init__(self, proxies: list[TcpProxy]) -> None:
        self._proxies = proxies
        self._ending, self._changed = threading.Event(), threading.Event()
        self.stall_s, self.every_s, self.count = 0.0, 1.0, 0
        self._thread = threading.Thread(target=self._run, name="stalls")
        self._thread.start()

    def set(self, stall_s: float, every_s: float) -> None:
        """From now on stall for so long, and let everything through for the rest of `every_s`."""
        self.stall_s, self.every_s, self.count = stall_s, every_s, 0
        self._changed.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._changed.clear()
            if self.stall_s <= 0.0:
                self._changed.wait()
                continue
            if self._changed.wait(self.every_s - self.stall_s):
                continue
            self._hold(True)
            self._ending.wait(self.stall_s)
            self._hold(False)
            self.count += 1

    def _hold(self, held: bool) -> None:
        for proxy in self._proxies:
            proxy.faults.stalled = held

    def close(self) -> None:
        """End."""
        self._ending.set()
        self._changed.set()
        self._thread.join()


def raise_threads() -> None:
    """Let the threads of this process go before ordinary ones, if permitted: what else runs is no part of the trial."""
    for task in Path("/proc/self/task").glob("*"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(int(task.name), os.SCHED_FIFO, os.sched_param(REALTIME))


def main() -> None:
    """Forward until the input ends."""
    near = Endpoints.parse(sys.argv[1])
    with TcpProxy(near.streams, sys.argv[2]) as streams, TcpProxy(near.commands, sys.argv[2]) as commands:
        stalls = Stalls([streams, commands])
        raise_threads()
        streams.faults.delay_s = commands.faults.delay_s = float(sys.argv[3])
        print(json.dumps({"connect": Endpoints(streams.endpoint, commands.endpoint).text()}), flush=True)
        for line in sys.stdin:
            told = json.loads(line)
            for proxy in (streams, commands):
                proxy.faults.delay_s, proxy.faults.jitter_s = (
                    told.get("delay_s", 0.0),
                    told.get("jitter_s", 0.0),
                )
            before = stalls.count
            stalls.set(told.get("stall_s", 0.0), told.get("every_s", 1.0))
            print(json.dumps({"stalls": before}), flush=True)
        stalls.close()


if __name__ == "__main__":
    main()
