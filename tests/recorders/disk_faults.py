"""Takes on a disk that fails: full at any offset, an input/output error, remounted read-only, deleted. Real files."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recorders.files import journal_path, journals_of
from recorders.journal import JournalWriter
from recorders.queueing import QueuedSample
from recorders.reader import EpisodeFile
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord
from recorders.recovery import recover
from recorders.writing import TakeWriter
from tests.recorders.fake_device import PERIOD_NS, Signals
from tests.recorders.takes import take_record

UUID = "00000000-0000-7000-8000-0000000000d4"
PERIODS = 100
PER_PERIOD = 5


def mount(folder: Path, size: str = "4m") -> None:
    """Mount a small file system of its own, or skip the test where that is not allowed."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")


def mounted(folder: Path) -> Iterator[Path]:
    """Mount, yield the folder, unmount."""
    mount(folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Write a file that leaves so many bytes free."""
    status = os.statvfs(folder)
    ballast = folder / "ballast"
    try:
        ballast.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - leave)))
    except (
        OSError
    ) as error:  # a recorder that writes beside has taken some of it: the disk is full all the same
        if error.errno != errno.ENOSPC:
            raise
    return ballast


def take_with_fault(folder: Path, at_period: int, fault: Callable[[], object]) -> tuple[TakeWriter, int]:
    """Record a take, cause the fault before a control period; returns the writer and the periods that were safe."""
    journal = JournalWriter(journal_path(folder, UUID), take_record(UUID))
    writer, signals = TakeWriter(folder, journal, follow_s=0.02), Signals()
    safe = 0
    for period in range(1, PERIODS + 1):
        if period == at_period:
            journal.sync()
            safe = period - 1
            fault()
            writer.start()
        for topic, header, buffer in signals.next_period(period * PERIOD_NS):
            if period < at_period:
                journal.append(topic, header, buffer, period * PERIOD_NS)
            elif not writer.put(QueuedSample(topic, header, memoryview(buffer), period * PERIOD_NS)):
                break
    writer.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", PERIOD_NS, PERIODS * PERIOD_NS, {}))
    writer.join()
    return writer, safe


def periods_after_recovery(folder: Path) -> int:
    """Recover and return how many control periods are there, 0 without an episode; what is there must be right."""
    found = recover(folder)
    assert not found.problems, found.problems
    path = folder / "episodes" / f"{UUID}.h5"
    if not path.is_file():
        assert not list(journals_of(folder).iterdir())
        return 0
    with EpisodeFile(path) as episode:
        assert episode.problems() == []
        times, joints = episode.times_ns("arm/joints"), episode.data("arm/joints")
        assert (joints[:, 0] == range(len(times))).all()
    assert not list(journals_of(folder).iterdir())
    return len(times) // PER_PERIOD


def full_at(folder: Path, leave: int, at_period: int) -> None:
    """Fill the disk in the middle of a take; it must end with a clear message and keep what was safe."""
    ballast: list[Path] = []
    writer, safe = take_with_fault(folder, at_period, lambda: ballast.append(fill(folder, leave)))
    if writer.error is not None:
        sentence = writer.error.sentence()
        assert "No space left" in sentence or "no room" in sentence, sentence
        assert "ake room" in sentence, sentence
    ballast[0].unlink()
    assert periods_after_recovery(folder) >= safe


def failing_sync(patch: pytest.MonkeyPatch, code: int = errno.EIO) -> Callable[[], object]:
    """Return a fault: from then on nothing can be synced."""

    def fail(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    def cause() -> None:
        patch.setattr(os, "fdatasync", fail)
        patch.setattr(os, "fsync", fail)

    return cause
