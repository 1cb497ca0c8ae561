"""Two machines in one: a rig and a person's side in network namespaces of their own, and a faulty link between them.

The far side also has a time namespace: its monotonic clock is days away from the rig's, as another machine's is. Needs
root (or its capabilities) and the `ip` and `unshare` commands; `hindrance` says what is missing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from app.core.wire.client import Endpoints
from app.core.wire.keys import FOLDER_VARIABLE
from tests.contracts.sources import ROOT

RIG, LINK_NEAR, LINK_FAR, FAR = "10.77.1.1", "10.77.1.2", "10.77.2.1", "10.77.2.2"
PORT = 6100
CLOCK_AHEAD_S = 200_000
WAIT_S = 120.0


def hindrance() -> str:
    """Return why there cannot be two machines here; empty when there can."""
    for command in ("ip", "unshare"):
        if shutil.which(command) is None:
            return f"the command {command!r} is not there"
    probe = f"tsprobe{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespaces ({made.stderr.strip()})"
    try:
        words = ["ip", "netns", "exec", probe, "unshare", "--time", "--monotonic", "9", "--fork", "true"]
        found = subprocess.run(words, capture_output=True, text=True, check=False)
        return f"no time namespaces ({found.stderr.strip()})" if found.returncode else ""
    finally:
        _ip("netns", "del", probe)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Program:
    """A child process that is told what to do by lines of JSON, and answers each with one."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, **environment},
        )  # fmt: skip
        self.hello: dict[str, Any] = self._read()

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Have it do something and return its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.process.args!r} ended with status {self.process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Close its input, which ends it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(20.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class TwoMachines:
    """A context manager; `far` is the person's side (`tests/faults/far_side.py`), `link` the link between.

    Args:
        keys: Folder of the keys that `python main.py keys` made; both sides use it.
        delay_s: Of the link, one way.
    """

    def __init__(self, keys: Path, delay_s: float) -> None:
        self._keys, self._delay_s = keys, delay_s
        self._names = [f"ts{os.getpid()}{part}" for part in ("rig", "link", "far")]
        self._programs: list[Program] = []
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> TwoMachines:
        try:
            self._connect()
            served = self._serve()
            environment = {FOLDER_VARIABLE: str(self._keys)}
            words = ["-m", "tests.faults.link", served.text(), LINK_FAR, str(self._delay_s)]
            self.link = self._start([*self._inside(1), *words])
            offset = ["unshare", "--time", "--monotonic", str(CLOCK_AHEAD_S), "--fork"]
            words = [
                "ip",
                "netns",
                "exec",
                self._names[2],
                *offset,
                sys.executable,
                "-m",
                "tests.faults.far_side",
            ]
            self.far = self._start([*words, str(self.link.hello["connect"])], **environment)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _start(self, command: list[str], **environment: str) -> Program:
        self._programs.append(Program(command, **environment))
        return self._programs[-1]

    def _inside(self, number: int) -> list[str]:
        return ["ip", "netns", "exec", self._names[number], sys.executable]

    def _connect(self) -> None:
        """Rig — link — far: two cables, and nobody routes between them."""
        rig, link, far = self._names
        for name in self._names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        for here, there, mine, other in ((rig, link, RIG, LINK_NEAR), (link, far, LINK_FAR, FAR)):
            _ip("-n", here, "link", "add", "out", "type", "veth", "peer", "name", "in", "netns", there)
            for name, device, address in ((here, "out", mine), (there, "in", other)):
                _ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
                _ip("-n", name, "link", "set", device, "up")

    def _serve(self) -> Endpoints:
        words = [*self._inside(0), "main.py", "serve", "--rig", "sim/wipe", "--bind", f"tcp://{RIG}:{PORT}"]
        environment = {**os.environ, FOLDER_VARIABLE: str(self._keys)}
        self._server = subprocess.Popen(
            words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        assert self._server.stderr is not None
        for line in self._server.stderr:
            if line.startswith("--connect "):
                return Endpoints.parse(line.split()[1])
        raise AssertionError(f"serve ended with status {self._server.wait()}")

    def _close(self) -> None:
        for program in reversed(self._programs):
            program.close()
        if self._server is not None:
            self._server.terminate()
            self.said = self._server.communicate(timeout=60.0)[1]
        for name in self._names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
