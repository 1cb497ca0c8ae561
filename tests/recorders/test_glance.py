"""Rows that are read without HDF5 say what HDF5 says, and nothing that is damaged is believed."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recorders import doubt
from recorders.glance import glance
from recorders.hdf5.second_index import Bytes, gaps_of, load
from recorders.library import list_episodes
from recorders.listing import Listing
from recorders.scan import read_row
from recorders.specimen import write_many
from tests.recorders.takes import make_episode, make_messages, write_journal


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_episode(tmp_path_factory.mktemp("data"), 12, operator="ann", seed=3)


def test_it_says_what_hdf5_says(episode: Path, tmp_path: Path) -> None:
    size = episode.stat().st_size
    row = read_row(episode, size)
    assert row.operator == "ann"
    assert len(row.topics) > 3
    assert glance(episode, size) == row
    for number in write_many(tmp_path, 3):
        assert number <= 3
    for path in (tmp_path / "episodes").iterdir():
        assert glance(path, path.stat().st_size) == read_row(path, path.stat().st_size)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2**40), bit=st.integers(0, 7))
def test_a_flipped_bit_is_left_to_hdf5_or_lies_in_a_sample(
    episode: Path, tmp_path: Path, place: int, bit: int
) -> None:
    data = bytearray(episode.read_bytes())
    with Bytes(episode) as source:
        index = load(source)
    own = [*gaps_of(index, index.end), (index.end, len(data))]  # all that is no sample
    place %= sum(stop - begin for begin, stop in own)
    for begin, stop in own:
        if place < stop - begin:
            data[begin + place] ^= 1 << bit
            break
        place -= stop - begin
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(data)
    assert glance(damaged, len(data)) is None


@pytest.mark.parametrize("cut", [0, 1, 20, 5000])
def test_a_file_without_its_end_is_left_to_hdf5(episode: Path, tmp_path: Path, cut: int) -> None:
    data = episode.read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(data[: len(data) - cut])
    assert (glance(path, len(data) - cut) is None) == (cut > 0)


def test_a_file_that_hdf5_changed_is_left_to_hdf5(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 3)
    with h5py.File(path, "r+") as file:
        file.attrs["operator"] = "somebody"
    assert glance(path, path.stat().st_size) is None
    assert "not what was written" in list_episodes(tmp_path)[0].broken


def test_a_folder_is_listed_without_hdf5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(write_many(tmp_path, 30))
    opened: list[Path] = []
    monkeypatch.setattr(doubt, "read_row", lambda path, _size: opened.append(path))
    assert len(list_episodes(tmp_path)) == 30
    assert opened == []


def test_what_is_left_to_be_read_is_read_on_without_another_look_at_the_folder(tmp_path: Path) -> None:
    list(write_many(tmp_path, 6))
    listing = Listing(tmp_path)
    listing.refresh(0.0)
    assert listing.pending == 5
    first = min((tmp_path / "episodes").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    os.unlink(first)  # the oldest, so the last one to be read
    while listing.pending:
        listing.refresh(0.0)
    listing.refresh()
    rows = listing.rows()
    assert len(rows) == 5
    assert [row.broken for row in rows] == [""] * 5


def test_an_unfinished_take_is_no_row(tmp_path: Path) -> None:
    write_journal(tmp_path, make_messages(3), None)
    assert list_episodes(tmp_path) == []
