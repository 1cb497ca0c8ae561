"""A journal gives back everything that was synced, wherever it is cut and whatever byte is flipped."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from mcap.reader import make_reader

from app.core.errors import RecordingError
from app.core.wire.codec import encode
from recorders.journal_reader import JournalReader
from recorders.records import StopRecord
from tests.recorders.fake_device import Message
from tests.recorders.takes import make_messages, take_record, write_journal


def read_back(path: Path) -> list[tuple[str, bytes, bytes]]:
    with JournalReader(path) as reader:
        return [(m.topic, encode(m.header), bytes(m.buffer)) for m in reader.messages()]


def as_written(messages: list[Message]) -> list[tuple[str, bytes, bytes]]:
    return [(topic, encode(header), buffer) for topic, header, buffer in messages]


def test_a_whole_journal_reads_back_as_it_was_written(tmp_path: Path) -> None:
    messages = make_messages(30)
    path, _ = write_journal(tmp_path, messages)
    assert read_back(path) == as_written(messages)
    with JournalReader(path) as reader:
        assert reader.take == take_record(path.stem)
        assert isinstance(reader.stop, StopRecord)
        assert (reader.stop.outcome, reader.tail_bytes, reader.damaged) == ("success", 0, 0)


def test_other_mcap_readers_open_it(tmp_path: Path) -> None:
    messages = make_messages(10)
    path, _ = write_journal(tmp_path, messages)
    with path.open("rb") as stream:
        found = [channel.topic for _, channel, _ in make_reader(stream, validate_crcs=True).iter_messages()]
    assert sorted(found) == sorted(topic for topic, _, _ in messages)


def test_cut_anywhere_it_gives_everything_that_was_synced(tmp_path: Path) -> None:
    messages = make_messages(40)
    path, synced = write_journal(tmp_path, messages, outcome=None)
    whole, wanted = path.read_bytes(), as_written(messages)
    cuts = random.Random(1).sample(range(len(whole) + 1), 250)
    cuts += [size + offset for size, _ in synced for offset in (-1, 0, 1) if 8 <= size + offset <= len(whole)]
    for cut in cuts:
        if cut < 8:
            continue
        path.write_bytes(whole[:cut])
        found = read_back(path)
        safe = max((count for size, count in synced if size <= cut), default=0)
        assert len(found) >= safe
        assert found == wanted[: len(found)]


def test_a_tail_of_zeros_or_noise_is_no_message(tmp_path: Path) -> None:
    messages = make_messages(10)
    path, _ = write_journal(tmp_path, messages, outcome=None)
    whole = path.read_bytes()
    for tail in (bytes(100_000), random.Random(2).randbytes(5000), b"\x06" + b"\xff" * 64):
        path.write_bytes(whole + tail)
        assert read_back(path) == as_written(messages)


def test_a_power_cut_costs_only_what_was_not_synced(tmp_path: Path) -> None:
    """Of what was written after the last sync, any pages may be missing; they read as zeros."""
    messages = make_messages(40)
    path, synced = write_journal(tmp_path, messages, outcome=None)
    whole, wanted, chance = path.read_bytes(), as_written(messages), random.Random(4)
    for _ in range(100):
        size, safe = chance.choice(synced[1:-1])
        content = bytearray(whole)
        for page in range(size, len(whole), 512):
            if chance.random() < 0.5:
                content[page : page + 512] = bytes(len(content[page : page + 512]))
        path.write_bytes(content[: chance.randint(size, len(whole))])
        found = read_back(path)
        assert found[:safe] == wanted[:safe]
        assert set(found) <= set(wanted)


def test_a_flipped_byte_costs_its_chunk_and_nothing_else(tmp_path: Path) -> None:
    messages = make_messages(40)
    path, synced = write_journal(tmp_path, messages)
    whole, wanted = bytearray(path.read_bytes()), as_written(messages)
    (begin, first), (end, last) = synced[3], synced[4]
    whole[(begin + end) // 2] ^= 0x10
    path.write_bytes(whole)
    assert read_back(path) == wanted[:first] + wanted[last:]
    with JournalReader(path) as reader:
        list(reader.messages())
        assert reader.damaged == 1


@pytest.mark.parametrize("content", [b"", b"not a journal at all", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_journal_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mcap"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"x\.mcap: it does not begin as a journal"):
        JournalReader(path)
