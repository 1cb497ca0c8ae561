"""The recording trials D1 to D14 in full; writes what came out, good or bad, into resources/help/recording.md.

`TOUCHSTONE_SOAK_SHARE=0.1` runs that share of the counts; the table says how many there were.
"""

from __future__ import annotations

import json
import os
import platform
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.errors import RecordingError
from recorders.room import Room
from tests.contracts.sources import ROOT
from tests.recorders.bit_rot import BitRot
from tests.recorders.disk_faults import (
    failing_sync,
    full_at,
    mounted,
    periods_after_recovery,
    take_with_fault,
)
from tests.recorders.replayed import check_power_cuts, check_prefixes, log_take
from tests.recorders.takes import make_episode, make_messages, write_journal
from tests.recorders.test_library import resolve
from tests.soak import recording_trials as trials

pytestmark = [pytest.mark.soak, pytest.mark.process, pytest.mark.timeout(3600)]
SHARE = float(os.environ.get("TOUCHSTONE_SOAK_SHARE", "1"))
HELP = ROOT / "resources" / "help" / "recording.md"
BEGIN, END = "<!-- table: written by make soak -->", "<!-- end of table -->"
COLUMNS = "| test | what | trials | failures | outcome | pass line | seconds |"


def share_of(count: int, least: int = 2) -> int:
    """Return how many trials run of so many."""
    return max(least, round(count * SHARE))


@dataclass
class Row:
    """One line of the table; it counts as failed until `passed` is said."""

    name: str
    what: str
    line: str
    trials: int = 0
    failures: int | str = "broke off"
    outcome: str = ""
    seconds: float = 0.0

    def passed(self, trials: int, outcome: str, failures: int = 0) -> None:
        """Note the end of a trial."""
        self.trials, self.outcome, self.failures = trials, outcome, failures

    def text(self) -> str:
        """Return the line in Markdown."""
        cells = (
            self.name,
            self.what,
            self.trials,
            self.failures,
            self.outcome,
            self.line,
            f"{self.seconds:.0f}",
        )
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


ROWS: list[Row] = []


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Write the table when all trials of this file have run, whatever their outcome."""
    began = os.getloadavg()[0]
    yield
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    machine = f"{os.cpu_count()} cores, {platform.machine()}, load {began:.1f} to {os.getloadavg()[0]:.1f}"
    rows = sorted(ROWS, key=lambda row: (int(row.name[1:]), row.what))
    command = f"`TOUCHSTONE_SOAK_SHARE={SHARE:g} pytest -m soak tests/soak/test_recording_table.py`"
    head = f"Obtained on {when} UTC, {machine}, by {command}.\n"
    body = "\n".join([head, COLUMNS, "|---" * 7 + "|", *(row.text() for row in rows)])
    text = HELP.read_text()
    before, _, rest = text.partition(BEGIN)
    HELP.write_text(f"{before}{BEGIN}\n{body}\n{END}{rest.partition(END)[2]}")


@pytest.fixture
def row() -> Iterator[Row]:
    """Return the row of a test, to be described by it; it stays "broke off" unless the test says otherwise."""
    found = Row("D0", "", "")
    ROWS.append(found)
    begun = time.monotonic()
    yield found
    found.seconds = time.monotonic() - begun


def describe(row: Row, name: str, what: str, line: str) -> None:
    """Say what a row is about, before its trial runs."""
    row.name, row.what, row.line = name, what, line


def test_every_operation(row: Row, tmp_path: Path) -> None:
    describe(row, "D1", "stopped at every file operation of a take and its commit",
             "all open; 0 synced samples lost; 0 wrong")  # fmt: skip
    take = log_take(tmp_path / "data", periods=300)
    row.passed(check_prefixes(take, tmp_path, list(range(len(take.ops) + 1))), "every one; 0 lost, 0 wrong")


def test_the_log_of_operations_is_complete(row: Row, tmp_path: Path) -> None:
    describe(
        row, "D1", "strace of a commit: nothing writes past the log", "only logged kinds of system calls"
    )
    if shutil.which("strace") is None:
        row.passed(0, "strace is not installed")
        pytest.skip("strace is not installed")
    kinds = trials.strace_kinds(tmp_path / "data", tmp_path / "strace.log")
    known = {"pwrite64", "ftruncate", "fsync", "rename", "unlink", "mkdir"}
    row.passed(1, f"seen: {', '.join(sorted(kinds))}", len(kinds - known))
    assert kinds <= known
    assert {"pwrite64", "fsync", "rename", "unlink"} <= kinds


def test_kills(row: Row, tmp_path: Path) -> None:
    describe(row, "D2", "writer killed at random moments", "every take opens; ≤ 100 ms of its tail lost")
    count = share_of(200, 20)
    command = [sys.executable, "-m", "tests.recorders.crash_take", str(tmp_path), str(count), "11"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    lost = sorted(found["lost_ms"])
    late = sum(value > 100.0 for value in lost)
    median = lost[len(lost) // 2]
    row.passed(count, f"all open; tail lost: median {median:.0f} ms, most {lost[-1]:.0f} ms", late)
    assert late == 0, f"{late} of {count} lost more than 100 ms, the most {lost[-1]:.0f} ms"


def test_power_cuts(row: Row, tmp_path: Path) -> None:
    describe(
        row, "D3", "power cut: any part of what was not synced is missing", "0 synced samples lost; 0 hangs"
    )
    count = share_of(2000, 100)
    take = log_take(tmp_path / "data", periods=100)
    row.passed(check_power_cuts(take, tmp_path, count, seed=12), "0 lost, 0 wrong, 0 hangs")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "small")


def test_full_disk(row: Row, small_disk: Path) -> None:
    describe(
        row, "D4", "disk full at random offsets (tmpfs of 4 MB)", "clear message; what was safe is readable"
    )
    chance, count = random.Random(13), share_of(50, 10)
    for number in range(count):
        folder = small_disk / str(number)
        full_at(folder, chance.randint(0, 400_000), chance.randint(1, 99))
        shutil.rmtree(folder)
    row.passed(count, "message names disk and way out; 0 lost")


def test_failing_disk(row: Row, tmp_path: Path) -> None:
    describe(row, "D4", "input/output error at random moments", "clear message; what was safe is readable")
    chance, count = random.Random(14), share_of(20, 5)
    for number in range(count):
        folder, at = tmp_path / str(number), chance.randint(2, 99)
        with pytest.MonkeyPatch.context() as patch:
            writer, safe = take_with_fault(folder, at, failing_sync(patch))
        assert writer.error is not None
        assert "Input/output error" in writer.error.sentence()
        assert periods_after_recovery(folder) >= safe
        shutil.rmtree(folder)
    row.passed(count, "message names the error; 0 lost")


def test_low_disk(row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    describe(row, "D5", "disk that drains at random rates: refusal and warning",
             "refused below take + 1 GB; warned with ≥ 10 min left; nothing deleted")  # fmt: skip
    chance, floor, kept = random.Random(18), 1_000_000_000, tmp_path / "kept"
    kept.write_bytes(b"a take")
    free = 0
    monkeypatch.setattr("recorders.room.free_bytes", lambda _folder: free)
    for _ in range(200):
        room, rate = Room(tmp_path, floor), chance.uniform(1e6, 5e7)
        left, warned_at, size = 3600.0, [], 0.0
        while left > 0:
            left -= chance.uniform(0.1, 30.0)
            size += rate * 10
            room.note(round(size), size / rate)
            free = round(floor + size + 2 * rate * max(left, 0.0))
            if room.warning(room.seconds_left(round(size))):
                warned_at.append(left)
        assert len(warned_at) == 1
        assert 600.0 <= warned_at[0] <= 900.0
        free = round(floor + 2 * size) - 2
        with pytest.raises(RecordingError, match="are left on its disk"):
            room.check_start()
        free += 4
        room.check_start()
    assert kept.read_bytes() == b"a take"
    row.passed(200, "200 refused, 200 warned once with 10 to 15 min left")


def test_stalled_disk(row: Row, tmp_path: Path) -> None:
    describe(row, "D6", "every sync takes 2 s", "0 samples dropped")
    seconds = max(6.0, 30.0 * SHARE)
    dropped = trials.record_with_stalls(tmp_path / "data", tmp_path, seconds)
    row.passed(1, f"{seconds:.0f} s of the small bench: {dropped} dropped", int(dropped > 0))
    assert dropped == 0


def test_sustained_load(row: Row, tmp_path: Path) -> None:
    describe(
        row, "D7", "4 cameras 640×480 at 30 Hz, 1 kHz state, wrench, touch", "0 dropped, by sequence numbers"
    )
    seconds = max(20.0, 300.0 * SHARE)
    command = [
        sys.executable,
        "main.py",
        "bench",
        "record",
        "--seconds",
        f"{seconds:g}",
        "--data",
        str(tmp_path),
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    found = json.loads(done.stdout.splitlines()[-1])
    words = (
        f"{seconds:.0f} s: {found['dropped']} dropped, {found['mb_per_s']} MB/s, {found['cpu']:.2f} cores, "
        f"{found['rss_mb']:.0f} MB, commit {found['commit_s']:.2f} s"
    )
    row.passed(1, words, int(found["dropped"] > 0))
    assert found["dropped"] == 0


def test_dying_in_a_commit(row: Row, tmp_path: Path) -> None:
    describe(
        row,
        "D8",
        "killed at every file operation of a commit",
        "journal whole, or the file whole and verified",
    )
    journal, _ = write_journal(tmp_path / "made", make_messages(10))
    command = [sys.executable, "-m", "tests.recorders.crash_commit", str(journal), str(tmp_path), "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    row.passed(int(done.stdout), "0 half files under the final name")


def test_recovery_speed(row: Row, tmp_path: Path) -> None:
    describe(row, "D9", "start after a crash: time of recovery", "≤ 2 s per GB; a second run changes nothing")
    megabytes = share_of(1000, 200)
    speed = trials.recovery_s_per_gb(tmp_path, megabytes)
    row.passed(1, f"{speed:.1f} s per GB ({megabytes} MB)", int(speed > 2.0))


def test_damaged_index(row: Row, tmp_path: Path) -> None:
    describe(row, "D10", "index cut or changed anywhere", "same content; no episode gets another's video")
    for _ in range(3):
        make_episode(tmp_path, 6)
    truth, file = resolve(tmp_path), tmp_path / "catalogue.sqlite"
    whole, chance, count = file.read_bytes(), random.Random(15), share_of(1000, 100)
    for _ in range(count):
        damaged = bytearray(whole)
        if chance.random() < 0.2:
            damaged = damaged[: chance.randrange(len(damaged))]
        else:
            for _ in range(chance.choice((1, 1, 30))):
                damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        assert resolve(tmp_path) == truth
    row.passed(count, "0 wrong")


def test_bit_rot(row: Row, tmp_path: Path) -> None:
    describe(
        row,
        "D11",
        "one bit flipped in a finished episode",
        "all detected; streams named; the others readable",
    )
    rot, chance, count = BitRot(make_episode(tmp_path, 60)), random.Random(16), share_of(10_000, 500)
    seen = Counter(rot.flip(chance.randrange(rot.size), chance.randrange(8)) for _ in range(count))
    words = (
        f"{seen['named']} named with the others readable, {seen['refused']} refused by HDF5, of these "
        f"{seen['refused'] - rot.lost} recovered with every sample, {seen['harmless']} unseen"
    )
    row.passed(count, words, seen["harmless"] + rot.lost)


def test_concurrent_reader(row: Row, tmp_path: Path) -> None:
    describe(row, "D13", "another process reads all episodes while takes are recorded", "0 torn, 0 dropped")
    takes = share_of(20, 4)
    lost, read = trials.record_with_reader(tmp_path, takes, 3.0)
    row.passed(takes, f"{read} episodes read whole, 0 torn, {lost} samples dropped", int(lost > 0))
    assert lost == 0
    assert read > 0


@pytest.mark.parametrize("how", ["window", "terminate", "logout"])
def test_exit_while_saving(row: Row, tmp_path: Path, how: str) -> None:
    words = {"window": "the window is killed", "terminate": "SIGTERM to all", "logout": "SIGHUP to all"}[how]
    describe(
        row,
        "D14",
        f"exit while recording or saving: {words}",
        "the take is an episode, now or at the next start",
    )
    chance, count = random.Random(17), share_of(20, 3)
    for number in range(count):
        trials.exit_while_saving(tmp_path / str(number), how, chance.uniform(0.0, 0.6))
    row.passed(count, "0 takes lost")
