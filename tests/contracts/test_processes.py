"""What the processes of a real run have in memory, read from the operating system while they run.

`test_roles.py` sees what a role loads when it is imported; this one also sees what is loaded later, on demand.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.contracts.ownership import FORBIDDEN
from tests.contracts.sources import ROOT
from tests.hygiene import wait_until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]
PACKAGE_IN_PATH = re.compile(r"site-packages/([A-Za-z0-9_]+)/\S*\.so")
MAIN = str(ROOT / "main.py")


class Family:
    """A process and all that it started, with the libraries that each role was seen to have in memory."""

    def __init__(self, *words: str, **environment: str) -> None:
        self.root = subprocess.Popen(
            [sys.executable, MAIN, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            text=True,
        )
        self.seen: dict[str, set[str]] = defaultdict(set)
        self.members: set[int] = set()

    def look(self) -> None:
        """Add what is in memory now."""
        for pid in descendants(self.root.pid):
            with contextlib.suppress(OSError):  # it ended while being looked at
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                if MAIN in words:
                    role = words[words.index(MAIN) + 1]
                    self.members.add(pid)
                    self.seen[role] |= set(PACKAGE_IN_PATH.findall(Path(f"/proc/{pid}/maps").read_text()))

    def has_ended(self) -> bool:
        """Look, and tell whether the first process has ended."""
        self.look()
        return self.root.poll() is not None

    def has_seen(self, role: str, package: str) -> bool:
        """Look, and tell whether a process of `role` has or had `package` in memory, or all is over."""
        return self.has_ended() or package in self.seen[role]

    def strays(self) -> dict[str, set[str]]:
        """Return what was seen where it must not be."""
        found = {role: names & FORBIDDEN[role] for role, names in self.seen.items()}
        return {role: names for role, names in found.items() if names}

    def end(self) -> str:
        """Ask the first process to stop, wait for it, and return what it said."""
        self.root.send_signal(signal.SIGTERM)
        try:
            _, said = self.root.communicate(timeout=60)
        finally:
            self.root.kill()
        return str(said)


def descendants(pid: int) -> set[int]:
    """Return `pid` and every process below it."""
    children = defaultdict(set)
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children[int(entry.read_text().rpartition(")")[2].split()[1])].add(int(entry.parent.name))
    found, fresh = {pid}, {pid}
    while fresh:
        fresh = set().union(*(children[each] for each in fresh)) - found
        found |= fresh
    return found


def test_collecting(tmp_path: Path) -> None:
    family = Family("collect", "--episodes", "1", "--seed", "0", "--fast", "--data", str(tmp_path))
    wait_until(family.has_ended, 110.0, "the end of collect")
    said = family.end()
    assert family.root.returncode == 0, said
    assert set(family.seen) >= {"collect", "device", "operate", "record"}
    assert "mujoco" in family.seen["device"]
    assert "h5py" in family.seen["record"]
    assert not family.strays()


def test_window_and_what_it_starts(tmp_path: Path) -> None:
    family = Family("window", "--data", str(tmp_path), QT_QPA_PLATFORM="offscreen")
    try:
        wait_until(lambda: family.has_seen("device", "mujoco"), 60.0, "a bench started by the window")
        wait_until(lambda: family.has_seen("window", "PySide6"), 10.0, "Qt in the window")
        assert family.root.poll() is None
        assert not family.strays()
    finally:
        said = family.end()
    assert family.root.returncode == 0, said
    wait_until(lambda: not running(family.members), 30.0, "the end of everything that the window started")


def running(pids: set[int]) -> set[int]:
    """Return those of `pids` that have not ended."""
    return {pid for pid in pids if Path(f"/proc/{pid}/cwd").exists()}
