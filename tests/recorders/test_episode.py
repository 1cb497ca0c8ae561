"""From journal to episode, and reading it: what was recorded comes back; what is broken or foreign is named."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.core.errors import EpisodeError
from app.core.wire.codec import decode_array
from recorders.commit import commit
from recorders.hdf5.attributes import seal, write_attribute
from recorders.reader import EpisodeFile
from tests.recorders.bit_rot import BitRot
from tests.recorders.fake_device import PER_PERIOD, PERIOD_NS, Signals
from tests.recorders.takes import make_episode, make_messages, write_journal


def test_every_sample_of_every_stream_is_there(tmp_path: Path) -> None:
    messages = make_messages(60)
    journal, _ = write_journal(tmp_path, messages, score=0.75, seed=3, extra={"anything": [1, 2]})
    kept = commit(tmp_path, journal)
    assert kept is not None
    assert not journal.exists()
    with EpisodeFile(kept.path) as episode:
        for topic in (*PER_PERIOD, "bench/tick"):
            sent = [(header, buffer) for name, header, buffer in messages if name == topic]
            times = [t for header, _ in sent for t in header.t_ns]
            assert episode.times_ns(topic).tolist() == times
            assert episode.column(topic, "t_device_ns").tolist() == [t - 1000 for t in times]
            assert episode.column(topic, "seq").tolist() == list(range(len(times)))
            if episode.spec(topic).encoding == "raw":
                wanted = np.concatenate([decode_array(header, buffer) for header, buffer in sent])
                np.testing.assert_array_equal(episode.data(topic), wanted)
                np.testing.assert_array_equal(episode.sample(topic, len(times) - 1), wanted[-1])
            else:
                assert [episode.picture(topic, i) for i in range(60)] == [buffer for _, buffer in sent]
        about = episode.attributes
        assert (about["score"], about["seed"], about["meta"]["extra"]) == (0.75, 3, {"anything": [1, 2]})
        assert about["peak_force_n"] == pytest.approx(np.linalg.norm(episode.data("finger/wrench")[-1, :3]))
        assert episode.problems() == []


def test_without_a_given_score_the_task_tells_it(tmp_path: Path) -> None:
    with EpisodeFile(make_episode(tmp_path, 20)) as episode:
        assert episode.attributes["score"] == episode.data("task/score")[-1, 0]


def test_missing_and_repeated_samples_are_counted_from_seq(tmp_path: Path) -> None:
    signals = Signals()
    messages = signals.next_period(PERIOD_NS)
    messages += messages[:3]  # published twice
    signals.seq["arm/joints"] += 4
    signals.seq["scene/color"] += 1
    messages += signals.next_period(2 * PERIOD_NS)
    signals.seq["arm/joints"] += 2
    messages += signals.next_period(3 * PERIOD_NS)
    journal, _ = write_journal(tmp_path, messages)
    kept = commit(tmp_path, journal)
    assert kept is not None
    assert kept.dropped == 7
    with EpisodeFile(kept.path) as episode:
        dropped = episode.attributes["dropped"]
        assert (dropped["arm/joints"], dropped["scene/color"], dropped["arm/applied"]) == (6, 1, 0)
        assert episode.column("arm/joints", "seq").tolist() == [*range(5), *range(9, 14), *range(16, 21)]


def test_a_server_that_restarts_is_no_gap_and_no_repeat(tmp_path: Path) -> None:
    messages = make_messages(5) + make_messages(5, start=6)
    journal, _ = write_journal(tmp_path, messages)
    kept = commit(tmp_path, journal)
    assert kept is not None
    assert (kept.dropped, kept.streams["arm/joints"]) == (0, 50)


def test_samples_after_the_end_are_left_out(tmp_path: Path) -> None:
    end_ns = 7 * PERIOD_NS + PERIOD_NS // 2  # in the middle of a message of five samples
    journal, _ = write_journal(tmp_path, make_messages(10), end_ns=end_ns)
    kept = commit(tmp_path, journal)
    assert kept is not None
    assert (kept.streams["arm/joints"], kept.streams["scene/color"], kept.dropped) == (37, 7, 0)
    with EpisodeFile(kept.path) as episode:
        assert episode.times_ns("arm/joints")[-1] <= end_ns == episode.end_ns
        assert episode.problems() == []


def test_no_type_of_variable_length_and_a_checksum_everywhere(tmp_path: Path) -> None:
    found = []

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        kinds = [h5py.check_vlen_dtype(np.asarray(value).dtype) for value in item.attrs.values()]
        assert not any(kinds), name
        if isinstance(item, h5py.Dataset):
            found.append(name)
            assert item.fletcher32, name
            assert item.dtype.kind in "iuf", name

    with h5py.File(make_episode(tmp_path), "r") as file:
        file.visititems(look)
    assert len(found) == 7 * 5 + 1


def test_the_same_journal_gives_the_same_bytes_of_data(tmp_path: Path) -> None:
    journal, _ = write_journal(tmp_path, make_messages(20))
    content = journal.read_bytes()
    digests = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        journal.write_bytes(content)
        kept = commit(folder, journal)
        assert kept is not None
        digests.append(kept.path.read_bytes())
    assert digests[0] == digests[1]


def refusal(path: Path) -> str:
    """Return the message with which a file is refused, however far reading it gets; empty if every byte is right."""
    try:
        with EpisodeFile(path) as episode:
            return "; ".join(episode.problems())
    except EpisodeError as error:
        caught = error
    assert str(path) in caught.sentence()
    assert caught.way_out
    return caught.sentence()


def test_truncated_anywhere_it_is_refused(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 30)
    whole = path.read_bytes()
    for size in sorted(
        {0, 1, 8, 100, 2048, len(whole) // 3, len(whole) // 2, len(whole) - 4096, len(whole) - 1}
    ):
        path.write_bytes(whole[:size])
        assert refusal(path), size


def test_a_flipped_bit_is_never_taken_for_data(memory_disk: Path) -> None:
    """D11 in short."""
    rot = BitRot(make_episode(memory_disk, 30))
    found = Counter(rot.flip(place, place % 8) for place in random.Random(3).sample(range(rot.size), 50))
    assert found["harmless"] == 0
    assert found["named"] > 5
    assert found["refused"] > 2
    assert rot.lost == 0  # one bit of HDF5's structure costs no sample


def test_a_bad_block_names_its_samples_and_the_others_can_be_read(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 30)
    with h5py.File(path, "r") as file:
        pictures = file["streams/scene/color/data"]
        offset = pictures.id.get_chunk_info(0).byte_offset
        at = int(file["streams/scene/color/offsets"][7]) + 20
    content = bytearray(path.read_bytes())
    content[offset + at] ^= 4
    path.write_bytes(content)
    with EpisodeFile(path) as episode:
        (problem,) = episode.problems()
        assert problem.startswith("/streams/scene/color/data cannot be read: samples 0 to 29")
        assert len(episode.data("finger/wrench")) == 150
        with pytest.raises(EpisodeError, match="its bytes are broken"):
            episode.picture("scene/color", 7)


def test_what_is_no_episode_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with pytest.raises(EpisodeError, match="no such file"):
        EpisodeFile(path)
    path.write_bytes(b"")
    assert "the file is empty" in refusal(path)
    path.write_bytes(b"PK\x03\x04 something else")
    assert "no HDF5 file" in refusal(path)
    with h5py.File(path, "w") as file:
        file["data/demo_0/actions"] = np.zeros((5, 7))
    assert "no episode of Touchstone" in refusal(path)


def tampered(path: Path, change: str) -> None:
    """Change a good file as somebody might who knows the format, seals included."""
    with h5py.File(path, "r+") as file:
        group = file["streams/arm/joints"]
        if change == "version":
            write_attribute(file, "schema_version", 99)
        elif change == "missing column":
            del group["t_ns"]
        elif change == "missing streams":
            del file["streams"]
        elif change == "external link":
            del group["data"]
            group["data"] = h5py.ExternalLink("/etc/passwd", "/data")
        elif change == "soft loop":
            del group["data"]
            group["data"] = h5py.SoftLink("/streams/arm/joints/data")
        elif change == "external storage":
            del group["data"]
            group.create_dataset(
                "data", (150, 14), "<f8", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)]
            )
        elif change == "virtual":
            del group["data"]
            layout = h5py.VirtualLayout((150, 14), "<f8")
            layout[:] = h5py.VirtualSource("/tmp/elsewhere.h5", "data", (150, 14))
            group.create_virtual_dataset("data", layout)
        elif change == "variable length":
            del group["data"]
            group.create_dataset("data", (150,), h5py.vlen_dtype(np.int32))
        elif change == "huge":
            del group["data"]
            group.create_dataset("data", (10**12, 14), "<f8", chunks=(1000, 14))
        elif change == "shorter":
            rows = group["seq"][:-1]
            del group["seq"]
            group["seq"] = rows
        seal(file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("version", "schema version 99 is not known here. Valid: 1."), ("missing column", "lacks t_ns"),
        ("missing streams", "no group 'streams'"), ("external link", "a link that leaves its place"),
        ("soft loop", "a link that leaves its place"), ("external storage", "in another file"),
        ("virtual", "in another file"), ("variable length", "no plain array"), ("huge", "and holds 0"),
        ("shorter", "different lengths"),
    ],
)  # fmt: skip
def test_hostile_and_incomplete_files_are_refused(tmp_path: Path, change: str, words: str) -> None:
    path = make_episode(tmp_path, 30)
    tampered(path, change)
    assert words in refusal(path)


def test_asking_for_what_is_not_there_names_what_is(tmp_path: Path) -> None:
    with EpisodeFile(make_episode(tmp_path, 5)) as episode:
        with pytest.raises(EpisodeError, match=r"no stream 'arm/torque'\. Valid: .*arm/joints"):
            episode.data("arm/torque")
        with pytest.raises(EpisodeError, match="holds pictures"):
            episode.data("scene/color")
        with pytest.raises(EpisodeError, match="pictures 0 to 4, not 5"):
            episode.picture("scene/color", 5)
