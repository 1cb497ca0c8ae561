"""A take whose file operations are logged, and the check of what a disk holds that was cut off in it."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.wire.messages import SampleHeader, StreamSpec
from recorders.files import PART_SUFFIX, journal_path
from recorders.journal import JournalWriter
from recorders.queueing import QueuedSample
from recorders.reader import EpisodeFile
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord
from recorders.recovery import recover
from recorders.writing import TakeWriter
from tests.hygiene import wait_until
from tests.recorders.disk_log import Disk, DiskLog, Op
from tests.recorders.fake_device import PERIOD_NS, Message
from tests.recorders.takes import make_messages, take_record

UUID = "00000000-0000-7000-8000-0000000000d1"
RECORDS = "journals/" + UUID + ".mcap"
FOLLOW_S = 0.005


@dataclass(frozen=True)
class LoggedTake:
    """The operations of one take, its messages, and how many were safe after which operation.

    Attributes:
        safe: (operations done, messages that were synced by then), in order.
    """

    ops: list[Op]
    messages: list[Message]
    safe: list[tuple[int, int]]

    def safe_at(self, done: int) -> int:
        """Return how many messages are safe once so many operations are done."""
        return max((count for at, count in self.safe if at <= done), default=0)


def log_take(folder: Path, periods: int, sync_every: int = 5) -> LoggedTake:
    """Record a take with the real journal, writer thread, follower and commit; synced every so many control periods.

    Half of it is on the disk when the threads start, so that the follower has something to write while the rest comes.
    """
    folder.mkdir(parents=True)
    messages = make_messages(periods)
    safe: list[tuple[int, int]] = []
    half = len(messages) // 2
    with DiskLog(folder).running() as log:
        writer = JournalWriter(journal_path(folder, UUID), take_record(UUID))
        for number, (topic, header, buffer) in enumerate(messages[:half], 1):
            writer.append(topic, header, buffer, header.t_ns[-1])
            if number % (sync_every * 7) == 0:
                writer.sync()
                safe.append((len(log.ops), number))
        thread = TakeWriter(folder, writer, follow_s=FOLLOW_S)
        thread.start()
        for number, (topic, header, buffer) in enumerate(messages[half:], half + 1):
            assert thread.put(QueuedSample(topic, header, memoryview(buffer), header.t_ns[-1]))
            if number == half + 7:
                wait_until(lambda: any(is_part_sync(op) for op in log.ops[:]), 20.0, "the file being made")
        thread.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", PERIOD_NS, periods * PERIOD_NS, {}))
        thread.join()
        assert thread.error is None, thread.error
    sealed = max(at for at, op in enumerate(log.ops) if op.path == RECORDS and op.kind == "sync") + 1
    return LoggedTake(log.ops, messages, [*safe, (sealed, len(messages))])


def is_part_sync(op: Op) -> bool:
    """Whether an operation syncs an episode that is not finished."""
    return op.kind == "sync" and op.path.endswith(PART_SUFFIX)


def check(folder: Path, take: LoggedTake, done: int) -> None:
    """Recover what a cut-off disk holds: it opens, nothing that was synced is missing, nothing in it is wrong."""
    safe = take.safe_at(done)
    found = recover(folder)
    if safe == 0 and found.problems:  # the head of the journal was never synced: it is set aside, not deleted
        assert all("set aside" in text for text in found.problems), (done, found.problems)
        return
    assert not found.problems, (done, found.problems)
    path = folder / "episodes" / f"{UUID}.h5"
    if not path.exists():
        assert safe == 0, (done, "the take is gone", safe)
        return
    with EpisodeFile(path) as episode:
        assert episode.problems() == [], done
        for topic in {name for name, _, _ in take.messages}:
            truth = [(header, buffer) for name, header, buffer in take.messages if name == topic]
            needed = sum(header.count for name, header, _ in take.messages[:safe] if name == topic)
            compare(episode, topic, truth, needed, done)
    again = recover(folder)
    assert (again.files, again.notices, again.problems) == ([], [], []), done


def compare(
    episode: EpisodeFile, topic: str, truth: list[tuple[SampleHeader, bytes]], needed: int, done: int
) -> None:
    """Compare a stream with the beginning of what was sent."""
    headers = [header for header, _ in truth]
    wanted = [t for header in headers for t in header.t_ns]
    times = episode.times_ns(topic).tolist() if topic in episode.topics else []
    assert len(times) >= needed, (done, topic, len(times), needed)
    assert times == wanted[: len(times)], (done, topic)
    if not times:
        return
    spec: StreamSpec = episode.spec(topic)
    if spec.encoding == "raw":
        rows = b"".join(buffer for _, buffer in truth)
        data = np.ascontiguousarray(episode.data(topic)).tobytes()
        assert data == rows[: len(data)], (done, topic)
    else:
        assert all(episode.picture(topic, i) == truth[i][1] for i in range(len(times))), (done, topic)


def check_prefixes(take: LoggedTake, work: Path, places: list[int]) -> int:
    """Stop at each of these operations, as a killed process does; returns how many were tried."""
    wanted = sorted(set(places))
    disk, done = Disk(), 0
    for place in wanted:
        for op in take.ops[done:place]:
            disk.do(op)
        done = place
        folder = work / "prefix"
        disk.write_to(folder)
        check(folder, take, done)
        shutil.rmtree(folder)
    return len(wanted)


def check_power_cuts(take: LoggedTake, work: Path, count: int, seed: int) -> int:
    """Cut the power at random operations, with random parts of what was not synced; returns how many were tried."""
    chance = random.Random(seed)
    disk, done = Disk(), 0
    for place in sorted(chance.randint(0, len(take.ops)) for _ in range(count)):
        for op in take.ops[done:place]:
            disk.do(op)
        done = place
        folder = work / "cut"
        disk.cut_power(folder, chance)
        check(folder, take, done)
        shutil.rmtree(folder)
    return count
