"""A disk that fills up: the take ends with a clear message, everything before it is readable, nobody crashes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import RecordingError
from app.core.ids import new_uuid
from app.core.link.hub import Hub
from recorders.commit import commit
from recorders.journal import JournalWriter
from recorders.journal_reader import JournalReader
from recorders.reader import EpisodeFile
from recorders.recovery import recover
from tests.recorders.fake_device import PERIOD_NS, FakeDevice, Signals
from tests.recorders.takes import make_messages, take_record, write_journal


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 4 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Write a file that leaves so many bytes free."""
    status = os.statvfs(folder)
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - leave)))
    return ballast


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
