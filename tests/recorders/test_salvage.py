"""A damaged episode: what is whole comes back byte for byte by the second index, what is not is named."""

from __future__ import annotations

import copy
import itertools
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import EpisodeError, RecordingError
from app.core.link.hub import MAIN
from app.core.wire.messages import StreamSpec
from app.review.recovering import recover_file
from recorders.hdf5 import second_index
from recorders.hdf5.fletcher import fletcher32
from recorders.hdf5.second_index import FOOTER, MAGIC, Bytes, FileIndex, gaps_of, load
from recorders.hdf5.writer import EpisodeWriter
from recorders.library import list_episodes
from recorders.lock import FolderLock
from recorders.reader import EpisodeFile
from recorders.salvaged_stream import runs_of
from recorders.sheets import change_labels, read_labels
from recorders.specimen import attributes_of
from tests.recorders.bit_rot import content, same
from tests.recorders.takes import make_episode

TOUCH, CAMERA = "finger/field", "scene/color"
TOUCHES, PICTURES = 9000, 300


@pytest.fixture
def large(memory_disk: Path) -> Path:
    """An episode with several blocks in its touch and picture streams."""
    path = memory_disk / "episodes" / "0.h5"
    path.parent.mkdir()
    chance = np.random.default_rng(5)
    touch = StreamSpec("finger", "field", "<f4", (9, 2), 1000.0)
    camera = StreamSpec("scene", "color", "|u1", (48, 64, 3), 30.0, encoding="jpeg")
    sizes = chance.integers(1500, 4000, PICTURES)
    with EpisodeWriter(path) as writer:
        for spec, count, data in (
            (touch, TOUCHES, chance.standard_normal((TOUCHES, 9, 2)).astype("<f4").tobytes()),
            (camera, PICTURES, chance.bytes(int(sizes.sum()))),
        ):
            times = (10**9 // int(spec.rate_hz) * np.arange(1, count + 1)).astype("<i8").tobytes()
            rows = {name: [times] for name in ("t_ns", "t_device_ns", "t_receive_ns")}
            rows |= {"seq": [np.arange(count, dtype="<i8").tobytes()], "data": [data]}
            rows["offsets"] = [np.concatenate(([0], np.cumsum(sizes))).astype("<i8").tobytes()]
            writer.add_columns(spec, rows, count)
        about = attributes_of("0", 0, random.Random(1)) | {"end_ns": 10**10}
        writer.finish(about, {spec.topic: {"dropped": 0} for spec in (touch, camera)})
    return path


def index_of(path: Path) -> FileIndex:
    with Bytes(path) as source:
        return load(source)


def flip(path: Path, *places: int) -> None:
    data = bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 1 << place % 8
    path.write_bytes(data)


def refusal(path: Path) -> str:
    """Return what reading says of a file in which something must be found."""
    try:
        with EpisodeFile(path) as episode:
            problems = episode.problems()
    except EpisodeError as error:
        return error.sentence()
    assert problems, path
    return "; ".join(problems)


def everything(path: Path) -> dict[str, dict[str, object]]:
    with EpisodeFile(path) as episode:
        return {topic: content(episode, topic) for topic in episode.topics}


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 9))
def test_the_checksum_is_that_of_hdf5(data: bytes, times: int) -> None:
    rows = np.frombuffer(data * times + b"\0", dtype=np.uint8)
    with h5py.File("x", "w", driver="core", backing_store=False) as file:
        stored = file.create_dataset("x", data=rows, chunks=rows.shape, fletcher32=True)
        block = stored.id.read_direct_chunk((0,))[1]
    assert fletcher32(block[:-4]) == int.from_bytes(block[-4:], "little")


def test_the_checksum_of_more_than_it_takes_at_a_time(large: Path) -> None:
    with h5py.File(large, "r") as file:
        block = file[f"streams/{CAMERA}/data"].id.read_direct_chunk((0,))[1]
    assert fletcher32(block[:-4]) == int.from_bytes(block[-4:], "little")
    assert fletcher32(b"\xff" * 300_000) == 0xFFFFFFFF


def test_other_programs_open_the_file_and_every_byte_is_covered(large: Path) -> None:
    with h5py.File(large, "r") as file:
        assert file[f"streams/{TOUCH}/data"].shape == (TOUCHES, 9, 2)
    index, size = index_of(large), large.stat().st_size
    blocks = [
        place for stream in index.streams.values() for c in stream.columns.values() for place in c.offsets
    ]
    sizes = [
        c.block_bytes + 4
        for stream in index.streams.values()
        for c in stream.columns.values()
        for _ in c.offsets
    ]
    assert sum(sizes) + sum(last - first for first, last in gaps_of(index, index.end)) == index.end < size
    assert len(blocks) == len(set(blocks)) > 12


def test_a_flip_anywhere_in_the_structure_costs_no_sample(large: Path, tmp_path: Path) -> None:
    truth, index, good = everything(large), index_of(large), large.read_bytes()
    places = [place for first, last in gaps_of(index, index.end) for place in range(first, last)]
    chance = random.Random(2)
    refused = 0
    for place in [0, 8, 20, 40, *chance.sample(places, 8)]:
        flip(large, place)
        refused += "python main.py recover" in refusal(large)
        found = recover_file(large, tmp_path / f"{place}.h5")
        assert (found["whole"], found["lost"]) == (False, {}), place
        recovered = everything(tmp_path / f"{place}.h5")
        assert all(same(recovered[topic], truth[topic]) for topic in truth), place
        large.write_bytes(good)
    assert refused > 4


def test_many_flips_in_the_structure_at_once(large: Path, tmp_path: Path) -> None:
    truth, index = everything(large), index_of(large)
    gaps = list(gaps_of(index, index.end))
    flip(large, *(place for first, last in gaps for place in range(first, last, 11)))
    assert recover_file(large, tmp_path / "out.h5")["lost"] == {}
    recovered = everything(tmp_path / "out.h5")
    assert all(same(recovered[topic], truth[topic]) for topic in truth)


def test_of_a_damaged_block_the_samples_are_left_out_and_named(large: Path, tmp_path: Path) -> None:
    truth, column = everything(large), index_of(large).streams[TOUCH].columns["data"]
    flip(large, 8, column.offsets[1] + 77)  # and HDF5 refuses the file
    found = recover_file(large, tmp_path / "out.h5")
    step = column.block_rows
    assert found["lost"] == {TOUCH: step}
    assert f"stream {TOUCH}, data: samples {step} to {2 * step - 1} are damaged" in found["damage"]
    kept = np.r_[0:step, 2 * step : TOUCHES]
    recovered = everything(tmp_path / "out.h5")
    assert same(recovered[CAMERA], truth[CAMERA])
    for name, rows in recovered[TOUCH].items():
        np.testing.assert_array_equal(rows, np.asarray(truth[TOUCH][name])[kept])
    with EpisodeFile(tmp_path / "out.h5") as episode:
        assert episode.problems() == []
        assert episode.attributes["dropped"] == {TOUCH: step}
        (flag,) = episode.attributes["flags"]
        times = np.asarray(truth[TOUCH]["t_ns"])
        assert (flag["kind"], flag["start_ns"], flag["end_ns"]) == ("gap", times[step - 1], times[2 * step])


@pytest.mark.parametrize("name", ["data", "offsets"])
def test_of_damaged_pictures_the_others_come_back(large: Path, tmp_path: Path, name: str) -> None:
    truth, column = everything(large), index_of(large).streams[CAMERA].columns[name]
    flip(large, column.offsets[0] + 100)
    found = recover_file(large, tmp_path / "out.h5")
    recovered = everything(tmp_path / "out.h5")
    assert same(recovered[TOUCH], truth[TOUCH])
    if name == "offsets":  # one block holds all: nobody knows where a picture begins
        assert found["lost"] == {CAMERA: PICTURES}
        assert CAMERA not in recovered
        return
    offsets = np.cumsum([0, *(len(picture) for picture in truth[CAMERA]["pictures"])])  # type: ignore[attr-defined]
    whole = [i for i in range(PICTURES) if offsets[i] >= column.block_rows]
    assert found["lost"] == {CAMERA: PICTURES - len(whole)}
    assert recovered[CAMERA]["pictures"] == [truth[CAMERA]["pictures"][i] for i in whole]  # type: ignore[index]


def test_a_damaged_second_index_is_told_and_made_anew(large: Path) -> None:
    truth, end, size = everything(large), index_of(large).end, large.stat().st_size
    for place in (end + 5, size - FOOTER.size + 12):
        good = large.read_bytes()
        flip(large, place)
        with EpisodeFile(large) as episode:
            (problem,) = episode.problems()
        assert "its second index" in problem
        assert "second index" in recover_file(large)["damage"][0]
        assert everything(large).keys() == truth.keys()
        with EpisodeFile(large) as episode:
            assert episode.problems() == []
        large.write_bytes(good)


def test_in_place_the_damaged_file_stays_beside_and_labels_hold(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 20)
    (row,) = list_episodes(tmp_path)
    change_labels(tmp_path, row.uuid, {"notes": "good"})
    good, truth = path.read_bytes(), everything(path)
    flip(path, 3)
    (broken,) = list_episodes(tmp_path)
    assert "recover" in broken.broken
    with FolderLock(tmp_path), pytest.raises(RecordingError, match="another recorder"):
        recover_file(path)
    answer = subprocess.run(
        [sys.executable, str(MAIN), "recover", str(path), "--json"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    found = json.loads(answer.stdout.splitlines()[-1])
    assert (found["whole"], found["path"], found["lost"]) == (False, str(path), {})
    (again,) = list_episodes(tmp_path)
    assert (again.uuid, again.broken, again.created) == (row.uuid, "", row.created)
    assert read_labels(tmp_path, row.uuid).labels.notes == "good"
    assert path.with_name(path.name + ".damaged").read_bytes() != good
    recovered = everything(path)
    assert all(same(recovered[topic], truth[topic]) for topic in truth)
    assert recover_file(path)["whole"]


def test_stopped_half_way_it_goes_on_with_the_damaged_file(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 5)
    truth = everything(path)
    path.rename(path.with_name(path.name + ".damaged"))
    assert recover_file(path)["path"] == str(path)
    assert everything(path).keys() == truth.keys()


def rewritten(path: Path, change: str) -> None:
    """Give a file a second index that lies, with a right checksum."""
    index = index_of(path)
    stream = index.streams[TOUCH]
    column = stream.columns["data"]
    offsets = {"outside": (10**12,), "negative": (-5,), "overlapping": (column.offsets[1],)}.get(change, ())
    changes: dict[str, object] = {"offsets": (*offsets, *column.offsets[len(offsets) :])}
    others: dict[str, dict[str, object]] = {
        "more rows": {"rows": 10**15},
        "another type": {"dtype": "<f8"},
        "objects": {"dtype": "|O"},
    }
    changes |= others.get(change, {})
    stream.columns["data"] = msgspec.structs.replace(column, **changes)
    data = path.read_bytes()[: index.end]
    payload = msgspec.msgpack.encode(index)
    digest = second_index.new_digest()
    digest.update(payload)
    path.write_bytes(b"\0" * 8 + data[8:] + payload + FOOTER.pack(MAGIC, len(payload), digest.digest()))


@pytest.mark.parametrize(
    "change", ["outside", "negative", "overlapping", "more rows", "another type", "objects"]
)
def test_an_index_that_lies_is_refused(large: Path, tmp_path: Path, change: str) -> None:
    rewritten(large, change)
    with pytest.raises(EpisodeError) as refusal:
        recover_file(large, tmp_path / "out.h5")
    assert str(large) in refusal.value.sentence()
    assert not list(tmp_path.glob("*.h5*"))


def test_whatever_the_index_says_it_is_used_or_refused(large: Path, tmp_path: Path) -> None:
    """Random values in a file's second index, each with a right checksum: never another error than ours."""
    index, good, chance = index_of(large), large.read_bytes(), random.Random(9)
    whole = msgspec.to_builtins(index, builtin_types=(bytes,))
    seen = Counter[str]()
    for number in range(30):
        changed = copy.deepcopy(whole)
        about = chance.choice((changed, changed["attributes"], *changed["streams"].values()))
        column = chance.choice(
            [c for stream in changed["streams"].values() for c in stream["columns"].values()]
        )
        stream = chance.choice([stream["attributes"] for stream in changed["streams"].values()])
        where = chance.choice((about, changed["attributes"], column, column, stream))
        name = chance.choice(list(where))
        where[name] = chance.choice((0, -1, 2**62, b"x", "|O", 1.5, [], [2**40], {}, None, "<f8", b"[1]"))
        payload = msgspec.msgpack.encode(changed)
        digest = second_index.new_digest()
        digest.update(payload)
        tail = payload + FOOTER.pack(MAGIC, len(payload), digest.digest())
        large.write_bytes(b"\0" * 8 + good[8 : index.end] + tail)
        try:
            recover_file(large, tmp_path / f"{number}.h5")
            seen["used"] += 1
        except EpisodeError as error:
            seen[
                "refused, named"
                if str(tmp_path) in (words := error.sentence()) or str(large) in words
                else words
            ] += 1
    assert set(seen) == {"used", "refused, named"}
    assert seen["refused, named"] > 15


def test_what_never_had_a_second_index_says_so(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 5)
    path.write_bytes(path.read_bytes()[: index_of(path).end])  # cut off: HDF5 does not mind, we do
    with EpisodeFile(path) as episode:
        assert "second index" in episode.problems()[0]
    flip(path, 3)
    with pytest.raises(
        EpisodeError, match=r"HDF5 cannot read it, and of its second index: .* Restore it from a copy"
    ):
        recover_file(path)
    with pytest.raises(EpisodeError, match="no such file"):
        recover_file(tmp_path / "none.h5")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), max_size=40))
def test_runs_are_the_true_places(mask: list[bool]) -> None:
    runs = runs_of(np.array(mask, dtype=bool))
    assert [i for first, last in runs for i in range(first, last)] == [
        i for i, true in enumerate(mask) if true
    ]
    assert all(second[0] > first[1] for first, second in itertools.pairwise(runs))
