"""Pictures are compared with the journal byte by byte, not only with a digest of the copy that was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import RecordingError
from recorders.commit import commit
from recorders.files import episodes_of
from recorders.hdf5.columns import Column
from recorders.hdf5.origin import Comparison, Origin
from recorders.hdf5.schema import DATA
from recorders.journal_reader import JournalReader
from tests.recorders.takes import make_messages, write_journal

PIECES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8)


def compared(pieces: list[bytes], written: bytes, block: int) -> bool:
    """Lay pieces into a source with gaps, and compare `written` with it, a block at a time."""
    source, origin = bytearray(b"head"), Origin()
    for piece in pieces:
        origin.add(len(source), len(piece))
        source += piece + b"gap"
    comparison = Comparison(origin, memoryview(bytes(source)))
    for start in range(0, len(written), block):
        comparison.update(written[start : start + block])
    return comparison.complete


@settings(max_examples=40, deadline=None)
@given(pieces=PIECES, block=st.integers(1, 60), place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_difference_is_seen(pieces: list[bytes], block: int, place: int, bit: int) -> None:
    whole = b"".join(pieces)
    flipped = bytearray(whole)
    flipped[place % len(whole)] ^= 1 << bit
    assert compared(pieces, whole, block)
    assert not compared(pieces, bytes(flipped), block)
    assert not compared(pieces, whole[:-1], block)
    assert not compared(pieces, whole + b"x", block)


def test_messages_tell_where_their_bytes_lie(tmp_path: Path) -> None:
    journal, _ = write_journal(tmp_path, make_messages(30))
    data = journal.read_bytes()
    with JournalReader(journal) as reader:
        for message in reader.messages():
            assert data[message.place :].startswith(bytes(message.buffer))


def test_a_picture_that_changed_on_its_way_is_seen_though_its_digest_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Column._flush

    def changed(column: Column, growing: bool) -> None:
        if column._name == DATA and column._dtype == "|u1":
            column._pending[5] ^= 1  # before the digest is taken: it fits what is written
        real(column, growing)

    monkeypatch.setattr(Column, "_flush", changed)
    journal, _ = write_journal(tmp_path, make_messages(30))
    with pytest.raises(RecordingError, match="is not what the journal holds"):
        commit(tmp_path, journal)
    assert journal.exists()
    assert list(episodes_of(tmp_path).iterdir()) == []
