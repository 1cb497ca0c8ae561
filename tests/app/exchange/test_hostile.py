"""Files that want something of their reader are refused by name, and nothing outside them is opened (X9)."""

from __future__ import annotations

import json
import os
import signal
from argparse import Namespace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from app.core.errors import EpisodeError
from app.exchange.child import Unpacking, unpack_words
from recorders.hdf5.foreign import ForeignFile
from recorders.library import list_episodes
from tests.app.exchange.hostile import (
    CASES,
    ROWS,
    external_link,
    external_storage,
    good,
    virtual,
    write_corpus,
)
from tests.app.exchange.running import bring_in
from tests.app.exchange.watching import Watch
from tests.hygiene import live_children
from tests.roles import role


def unpack(
    path: Path, staging: Path, kind: str = "auto", silence_s: float = 60.0, memory_mb: int = 4096
) -> Unpacking:
    args = Namespace(format=kind, memory_mb=memory_mb, cpu_s=60, topics=None, rate=None)
    return Unpacking(unpack_words(path, staging, args), silence_s, lambda: None)


@pytest.mark.process
def test_every_hostile_file_is_named_and_skipped_and_nothing_else_is_opened(tmp_path: Path) -> None:
    folder, outside = tmp_path / "set", tmp_path / "outside.h5"
    folder.mkdir()
    reasons = dict(write_corpus(folder, outside))
    last = f"episode_{len(reasons)}.hdf5"
    good(folder / last).close()
    left = tmp_path / "data" / ".import-4194305-left"  # by one that was killed; no process has this number
    left.mkdir(parents=True)
    with Watch(outside) as watch:
        status, told = role("import", str(folder), "--out", str(tmp_path / "data"))
        assert watch.opened == 0
    assert (status, told["episodes"]) == (0, 1)
    assert len(told["refused"]) == len(reasons)
    for (name, reason), said in zip(reasons.items(), told["refused"], strict=True):
        assert str(folder / name) in said
        assert reason in said
    assert not list((tmp_path / "data").glob(".import-*"))
    (row,) = list_episodes(tmp_path / "data")
    assert row.provenance is not None
    assert row.provenance["index"] == len(reasons)


def test_the_watch_sees_what_h5py_would_do_unasked(tmp_path: Path) -> None:
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["secret"] = np.full((ROWS, 4), 42, np.uint8)
    for case in (external_link, external_storage, virtual):
        with good(tmp_path / f"{case.__name__}.h5") as file:
            case(file, outside)
        with Watch(outside) as watch, h5py.File(tmp_path / f"{case.__name__}.h5") as file:
            _ = file["observations/secret"][:]
            assert watch.opened > 0
        with Watch(outside) as watch:
            with pytest.raises(EpisodeError):
                ForeignFile(tmp_path / f"{case.__name__}.h5")
            assert watch.opened == 0


@pytest.mark.process
def test_a_reader_that_dies_costs_one_episode(tmp_path: Path) -> None:
    folder, kept = tmp_path / "set", tmp_path / "episodes"
    folder.mkdir()
    for number in range(3):
        with good(folder / f"episode_{number}.hdf5") as file:
            if number == 1:  # it takes a second
                shape = (ROWS, 4000, 4000, 3)
                file["observations"].create_dataset(
                    "images/top", shape, "u1", chunks=(1, *shape[1:]), compression=1
                )
                for tick in range(ROWS):
                    file["observations/images/top"][tick] = np.full(shape[1:], tick, np.uint8)
    killed: set[int] = set()

    def kill_it() -> None:
        if not killed and len(list(kept.glob("*.h5"))) == 1:
            for pid in live_children():
                os.kill(pid, signal.SIGSEGV)
                killed.add(pid)

    args = Namespace(format="aloha", memory_mb=4096, cpu_s=60, topics=None, rate=None)
    seen = list(Unpacking(unpack_words(folder, tmp_path, args), 60.0, kill_it).lines())
    assert [next(iter(line)) for line in seen] == ["opened", "kept", "refused", "opened", "kept"]
    assert "episode 1: the library that reads it crashed" in seen[2]["refused"]


@pytest.mark.process
def test_a_reader_that_is_silent_is_killed(tmp_path: Path) -> None:
    good(tmp_path / "episode_0.hdf5").close()

    def stop_it() -> None:
        for pid in live_children():
            os.kill(pid, signal.SIGSTOP)

    args = Namespace(format="aloha", memory_mb=4096, cpu_s=60, topics=None, rate=None)
    with pytest.raises(EpisodeError, match="without an end"):
        list(Unpacking(unpack_words(tmp_path, tmp_path, args), 0.3, stop_it).lines())
    assert not live_children()


@pytest.mark.process
def test_memory_is_limited(tmp_path: Path) -> None:
    with good(tmp_path / "episode_0.hdf5") as file:
        file["observations/wide"] = np.zeros((ROWS, 20_000_000))
    lines = list(unpack(tmp_path, tmp_path, "aloha", memory_mb=600).lines())
    assert len(lines) == 2
    assert "refused" in lines[1]
    assert not list(tmp_path.glob("episodes/*"))


def zarr_of(path: Path, **changes: Any) -> Path:
    """Write a replay buffer of one episode by hand, with changes to the description of its action."""
    for name, rows, kind in (
        ("data/action", np.zeros((4, 2)), "<f8"),
        ("meta/episode_ends", np.array([4]), "<i8"),
    ):
        folder = path / name
        folder.mkdir(parents=True)
        about = {"zarr_format": 2, "shape": rows.shape, "chunks": rows.shape, "dtype": kind, "compressor": None,
                 "fill_value": 0, "order": "C", "filters": None}  # fmt: skip
        (folder / ".zarray").write_text(json.dumps(about | (changes if name == "data/action" else {})))
        (folder / ".".join("0" * rows.ndim)).write_bytes(rows.astype(kind).tobytes())
    (path / ".zgroup").write_text('{"zarr_format": 2}')
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shape": [10**12, 2]}, "do not fit|larger"),
        ({"shape": [4, 10**15]}, "larger"),
        ({"chunks": [10**9, 2]}, "larger"),
        ({"chunks": [0, 2]}, "only plain"),
        ({"dtype": "|O"}, "only plain"),
        ({"dtype": "nonsense"}, "broken"),
        ({"filters": [{"id": "pickle"}]}, "only plain"),
        ({"compressor": {"id": "pickle"}}, "not known"),
        ({"compressor": {"id": "blosc"}}, "unpacked"),
        ({"compressor": {"id": "zlib"}}, "unpacked"),
        ({"shape": [4, 3]}, "bytes, not|rows"),
        ({"dimension_separator": "../"}, "only plain"),
    ],
)
def test_hostile_zarr_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = zarr_of(tmp_path / "set", **changes)
    try:
        _, refused = bring_in(path, tmp_path / "out")
    except EpisodeError as error:
        refused = [error.sentence()]
    if changes != {"shape": [4, 3]}:
        assert len(refused) == 1
        assert any(word in refused[0] for word in reason.split("|")), refused
    assert not list((tmp_path / "out" / "episodes").glob("*")) or changes == {"shape": [4, 3]}


def test_a_link_in_a_zarr_set_is_not_followed(tmp_path: Path) -> None:
    path = zarr_of(tmp_path / "set")
    (tmp_path / "outside").write_bytes(bytes(64))
    (path / "data/action/0.0").unlink()
    (path / "data/action/0.0").symlink_to(tmp_path / "outside")
    with Watch(tmp_path / "outside") as watch:
        _, refused = bring_in(path, tmp_path / "out")
        assert watch.opened == 0
    assert "not followed" in refused[0]


def test_corpus_is_large_enough() -> None:
    assert len(CASES) >= 15
