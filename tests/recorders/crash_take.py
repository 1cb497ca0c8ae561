"""A program that records takes and is killed in them, again and again; run by test_kills and by the soak test.

Each take runs in a forked child with the real journal and writer thread, at the pace of real time; the child says after
each message how many it has handed over. What was lost is told by comparing that with what recovery finds. It forks, so
it must be a process of its own without threads.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import struct
import sys
import threading
import time
from pathlib import Path

from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.queueing import QueuedSample
from recorders.reader import EpisodeFile
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord
from recorders.recovery import recover
from recorders.writing import TakeWriter
from tests.recorders.fake_device import PERIOD_NS, Signals
from tests.recorders.takes import take_record

UUID = "00000000-0000-7000-8000-0000000000d2"
MARK = struct.Struct("<qq")  # control periods handed over, and when (monotonic ns)
TOPIC = "arm/joints"
PER_PERIOD = 5
PERIODS = 15  # then the take is stopped and committed: kills fall into that, too
LONGEST_S = 0.45


def pass_time(seconds: float) -> None:
    """Let time pass: the pace of a take and the moment of a kill are what is tried here, nothing is waited for."""
    threading.Event().wait(max(0.0, seconds))


def record(folder: Path, told: int) -> None:
    """Record a take in real time and commit it; never returns."""
    journal = JournalWriter(journal_path(folder, UUID), take_record(UUID))
    writer, signals = TakeWriter(folder, journal, follow_s=0.02), Signals()
    writer.start()
    begun = time.monotonic()
    for period in range(1, PERIODS + 1):
        for topic, header, buffer in signals.next_period(period * PERIOD_NS):
            writer.put(QueuedSample(topic, header, memoryview(buffer), period * PERIOD_NS))
        os.write(told, MARK.pack(period, time.monotonic_ns()))
        pass_time(begun + period * PERIOD_NS * 1e-9 - time.monotonic())
    writer.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", PERIOD_NS, PERIODS * PERIOD_NS, {}))
    writer.join()
    os._exit(0 if writer.error is None else 1)


def kill_once(folder: Path, after_s: float) -> tuple[float, bool]:
    """Kill a take after a time; returns (ms of its tail that are lost, whether it was already an episode)."""
    folder.mkdir(parents=True)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        record(folder, writing)
    os.close(writing)
    pass_time(after_s)
    os.kill(child, signal.SIGKILL)
    killed_ns = time.monotonic_ns()
    os.waitpid(child, 0)
    data = b"".join(iter(lambda: os.read(reading, 65536), b""))
    os.close(reading)
    marks = [MARK.unpack_from(data, at) for at in range(0, len(data) - MARK.size + 1, MARK.size)]
    done = (folder / "episodes" / f"{UUID}.h5").exists()
    found = recover(folder)
    assert not found.problems, found.problems
    periods = periods_kept(folder)
    assert periods <= (marks[-1][0] + 1 if marks else 1)
    lost = [killed_ns - at_ns for period, at_ns in marks if period > periods]
    return (max(lost) * 1e-6 if lost else 0.0), done


def periods_kept(folder: Path) -> int:
    """Return how many control periods the episode holds whole; every sample in it must be right."""
    path = folder / "episodes" / f"{UUID}.h5"
    if not path.exists():
        return 0
    with EpisodeFile(path) as episode:
        assert episode.problems() == []
        if TOPIC not in episode.topics:
            return 0
        times, joints = episode.times_ns(TOPIC), episode.data(TOPIC)
        assert episode.column(TOPIC, "seq").tolist() == list(range(len(times)))
        assert (joints[:, 0] == range(len(times))).all()
    return len(times) // PER_PERIOD


def main(work: Path, count: int, seed: int) -> dict[str, object]:
    """Kill so many takes; returns how much was lost."""
    chance = random.Random(seed)
    lost, whole = [], 0
    for number in range(count):
        folder = work / str(number)
        tail_ms, done = kill_once(folder, chance.uniform(0.0, LONGEST_S))
        lost.append(tail_ms)
        whole += done
        shutil.rmtree(folder)
    return {"kills": count, "lost_ms": lost, "after_commit": whole}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
