"""An episode that is made while its take runs is the one that is made of the journal afterwards."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from recorders.commit import commit
from recorders.files import episode_path, journal_path
from recorders.following import Follower
from recorders.hdf5.writer import EpisodeWriter
from recorders.journal import JournalWriter
from recorders.reader import EpisodeFile
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord, TakeRecord
from tests.hygiene import wait_until
from tests.recorders.fake_device import PERIOD_NS
from tests.recorders.takes import make_messages, take_record

UUID = "00000000-0000-7000-8000-0000000000f0"
PERIODS = 120


def content_of(path: Path) -> dict[str, np.ndarray]:
    """Return every data set and attribute of a file by name."""
    found: dict[str, np.ndarray] = {}

    def note(name: str, thing: h5py.HLObject) -> None:
        found.update({f"{name}@{key}": np.asarray(value) for key, value in thing.attrs.items()})
        if isinstance(thing, h5py.Dataset):
            found[name] = thing[()]

    with h5py.File(path, "r") as file:
        note("", file)
        file.visititems(note)
    return found


def record(
    folder: Path, until: int, followed: int, take: TakeRecord, breaks: bool = False
) -> tuple[Path, Follower]:
    """Write a take that ends with period `until`; the first `followed` messages go into the episode as it runs."""
    path = journal_path(folder, UUID)
    journal = JournalWriter(path, take)
    follower = Follower(folder, path, take, every_s=0.005)
    follower.start()
    for number, (topic, header, buffer) in enumerate(make_messages(PERIODS), 1):
        journal.append(topic, header, buffer, header.t_ns[-1])
        if number % 40 == 0:
            journal.sync()
            if number <= followed:
                follower.safe = journal.synced
                if number + 40 > followed and not breaks:
                    wait_until(lambda: follower.place == journal.synced, 10.0, "the follower is behind")
    if breaks:
        wait_until(lambda: not follower.is_alive(), 10.0, "the follower goes on")
    journal.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", PERIOD_NS, until * PERIOD_NS, {}))
    return path, follower


@pytest.mark.parametrize("until", [PERIODS, 20])
def test_the_same_episode_as_of_the_journal_alone(tmp_path: Path, until: int) -> None:
    take = take_record(UUID)
    path, follower = record(tmp_path / "followed", until, 400, take)
    begun = follower.finish()
    assert begun is not None
    assert begun.place > 0
    assert episode_path(tmp_path / "followed", UUID).exists() is False
    kept = commit(tmp_path / "followed", path, begun)
    path_alone, idle = record(tmp_path / "alone", until, 0, take)
    assert idle.finish() is None
    alone = commit(tmp_path / "alone", path_alone)
    assert kept is not None
    assert alone is not None
    assert (kept.streams, kept.dropped, kept.seconds) == (alone.streams, alone.dropped, alone.seconds)
    found, wanted = content_of(kept.path), content_of(alone.path)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value, name)
    with EpisodeFile(kept.path) as episode:
        assert episode.problems() == []
    assert [p.name for p in kept.path.parent.iterdir()] == [kept.path.name]
    assert not path.exists()


def test_a_disk_that_fails_under_the_episode_costs_the_take_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_writer: EpisodeWriter) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(EpisodeWriter, "sync", full)
        path, follower = record(tmp_path, PERIODS, 400, take_record(UUID), breaks=True)
    assert follower.finish() is None
    assert follower.place == 0
    assert list((tmp_path / "episodes").iterdir()) == []
    kept = commit(tmp_path, path)
    assert kept is not None
    assert kept.dropped == 0


def test_given_up_it_leaves_nothing(tmp_path: Path) -> None:
    path, follower = record(tmp_path, PERIODS, 400, take_record(UUID))
    follower.give_up()
    assert list((tmp_path / "episodes").iterdir()) == []
    assert path.exists()
