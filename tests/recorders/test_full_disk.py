"""A disk that fills up: the take ends with a clear message, everything before it is readable, nobody crashes."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import RecordingError
from app.core.ids import new_uuid
from app.core.link.hub import Hub
from recorders.commit import commit
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.journal_reader import JournalReader
from recorders.queueing import QueuedSample
from recorders.reader import EpisodeFile
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord
from recorders.recovery import recover
from recorders.room import Room
from recorders.writing import TakeWriter
from tests.recorders.disk_faults import (
    failing_sync,
    fill,
    full_at,
    mounted,
    periods_after_recovery,
    take_with_fault,
)
from tests.recorders.fake_device import PERIOD_NS, FakeDevice, Signals
from tests.recorders.takes import make_messages, take_record, write_journal

OFFSETS = 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 4 MB of its own."""
    yield from mounted(tmp_path / "small")


def test_full_at_any_offset_the_take_ends_and_what_was_safe_is_there(small_disk: Path) -> None:
    chance = random.Random(8)
    for number in range(OFFSETS):
        folder = small_disk / str(number)
        full_at(folder, chance.randint(0, 300_000), chance.randint(1, 80))
        shutil.rmtree(folder)


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS])
def test_a_failing_or_read_only_disk_ends_the_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    writer, safe = take_with_fault(tmp_path, 40, failing_sync(monkeypatch, code))
    assert writer.error is not None
    assert f"cannot be written any more ({os.strerror(code)})" in writer.error.sentence()
    monkeypatch.undo()
    assert periods_after_recovery(tmp_path) >= safe == 39


def test_a_deleted_folder_ends_the_take(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    writer, _ = take_with_fault(folder, 20, lambda: shutil.rmtree(folder))
    assert writer.error is not None
    assert "cannot be written any more (somebody deleted it)" in writer.error.sentence()


def test_a_disk_that_stalls_costs_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds of a nominal bench go into the queue while one sync does not return."""
    goes_on, real = threading.Event(), os.fdatasync
    journal = JournalWriter(journal_path(tmp_path, "a1"), take_record("a1"))
    monkeypatch.setattr(os, "fdatasync", lambda handle: (goes_on.wait(60), real(handle)))
    writer, signals = TakeWriter(tmp_path, journal, follow_s=0.02), Signals()
    writer.start()
    for period in range(1, 501):
        for topic, header, buffer in signals.next_period(period * PERIOD_NS):
            assert writer.put(QueuedSample(topic, header, memoryview(buffer), period * PERIOD_NS), 0.0)
    goes_on.set()
    writer.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", PERIOD_NS, 500 * PERIOD_NS, {}))
    writer.join()
    assert writer.committed is not None
    assert (writer.committed.dropped, writer.committed.streams["arm/joints"]) == (0, 2500)


def test_a_full_journal_keeps_what_was_synced(small_disk: Path) -> None:
    fill(small_disk, 200_000)
    writer = JournalWriter(small_disk / "journals" / "x.mcap", take_record(new_uuid()))
    signals, safe, written = Signals(), 0, 0
    with pytest.raises(OSError, match="No space left"):
        for period in range(1, 1000):
            for topic, header, buffer in signals.next_period(period * PERIOD_NS):
                writer.append(topic, header, buffer, period * PERIOD_NS)
                written += 1
            writer.sync()
            safe = written
    writer.abandon()
    with JournalReader(small_disk / "journals" / "x.mcap") as reader:
        assert len(list(reader.messages())) == safe > 0
        assert reader.tail_bytes == 0


@pytest.mark.parametrize("leave", [0, 4096, 20_000, 60_000, 150_000, 300_000])
def test_no_room_for_the_episode_keeps_the_journal(
    small_disk: Path, leave: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = write_journal(small_disk, make_messages(200))
    (small_disk / "episodes").mkdir()
    ballast = fill(small_disk, leave)
    with pytest.raises(RecordingError, match="no room for an episode"):
        commit(small_disk, journal)
    monkeypatch.setattr(
        "recorders.commit.free_bytes", lambda _folder: 1 << 40
    )  # another program is faster than the check
    with pytest.raises(RecordingError, match="No space left on device"):
        commit(small_disk, journal)
    assert not list((small_disk / "episodes").iterdir())
    ballast.unlink()
    assert len(recover(small_disk).files) == 1
    with EpisodeFile(next((small_disk / "episodes").iterdir())) as episode:
        assert episode.problems() == []
        assert len(episode.times_ns("arm/joints")) == 1000


@pytest.mark.process
def test_the_recorder_lives_through_a_disk_that_fills(small_disk: Path) -> None:
    with Hub() as hub, FakeDevice() as device:
        recorder = hub.start(
            "record", "--connect", device.endpoints.text(), "--data", str(small_disk), "--floor-mb", "1"
        )
        hub.wait_ready(recorder)
        uuid = new_uuid()
        hub.intent(recorder, "take_start", take=uuid, meta={})
        hub.wait_for(recorder, ("state",), 20, name="waiting", take=uuid)
        device.do(device.publish)
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
        ballast = fill(small_disk, 0)
        device.step_periods(40)
        ended = hub.wait_for(recorder, ("state",), 20, name="failed", take=uuid).body
        assert "journal" in ended["text"]
        assert "make room" in ended["text"].lower()
        ballast.unlink()
        again = new_uuid()
        hub.intent(recorder, "take_start", take=again, meta={})
        hub.wait_for(recorder, ("state",), 20, name="waiting", take=again)
        device.do(device.publish)
        device.step_periods(5)
        hub.intent(recorder, "take_stop", outcome="success", until_ns=device.now_ns, meta={})
        hub.wait_for(recorder, ("state",), 20, name="saved", take=again)
        hub.stop(recorder)
        assert recorder.process.returncode == 0


def test_room_is_estimated_from_the_last_take_and_warned_of_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 10_000_000_000
    monkeypatch.setattr("recorders.room.free_bytes", lambda _folder: free)
    room = Room(tmp_path, 1_000_000_000)
    room.check_start()
    room.note(4_000_000_000, 400.0)
    assert room.seconds_left(4_000_000_000) == pytest.approx(250.0)
    assert "another 4 min" in room.warning(250.0)
    assert room.warning(200.0) == ""  # once
    free = 8_999_999_999
    with pytest.raises(RecordingError, match="9000 MB are left on its disk, and a take needs 9000 MB"):
        room.check_start()
    assert not room.is_nearly_full(8_000_000_000)
    assert room.is_nearly_full(8_999_000_000)


@pytest.mark.process
def test_the_recorder_lives_through_a_deleted_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Hub() as hub, FakeDevice(lockstep=False) as device:
        recorder = hub.start(
            "record", "--connect", device.endpoints.text(), "--data", str(folder), "--floor-mb", "1"
        )
        hub.wait_ready(recorder)
        uuid = new_uuid()
        hub.intent(recorder, "take_start", take=uuid, meta={})
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
        shutil.rmtree(folder)
        failed = hub.wait_for(recorder, ("state",), 20, name="failed", take=uuid).body
        assert "journal" in failed["text"]
        hub.intent(recorder, "take_start", take=new_uuid(), meta={})
        refused = hub.wait_for(recorder, ("state",), 20, name="failed").body
        assert "it cannot be reached any more" in refused["text"]
        hub.stop(recorder)
        assert recorder.process.returncode == 0
