"""Reads a journal, whole or cut at any byte: every message of every chunk that is complete and has the right CRC.

Used by the commit and by recovery. Memory: the file is mapped, one chunk is unpacked at a time.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import msgspec
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Metadata

from app.core.errors import RecordingError, WireError
from app.core.wire.codec import decode
from app.core.wire.messages import SampleHeader
from recorders.records import StopRecord, TakeRecord

MAGIC = b"\x89MCAP0\r\n"
_RECORD = struct.Struct("<BQ")
# start, end, size and CRC of a chunk's records; then the name of the compression and, again, the size
_CHUNK, _U32, _U64 = struct.Struct("<QQQI"), struct.Struct("<I"), struct.Struct("<Q")
_MESSAGE_OPCODE = int(Opcode.MESSAGE)
_MESSAGE = struct.Struct("<HIQQI")  # channel, sequence, log time, publish time; then the length of the header
_BROKEN = (McapError, struct.error, UnicodeDecodeError, KeyError, WireError)
R = TypeVar("R", TakeRecord, StopRecord)


class JournalMessage(msgspec.Struct, frozen=True):
    """One message of the wire as it was recorded.

    Attributes:
        t_receive_ns: On the session clock.
        place: Where its buffer begins in the journal, in bytes; 0 = it is of no journal.
    """

    topic: str
    header: SampleHeader
    buffer: memoryview
    t_receive_ns: int
    place: int = 0


class JournalReader:
    """A journal, opened for reading (a context manager).

    Attributes:
        take: The first record, or None when it is lost.
        stop: The last record, or None when the journal was cut before it.
        damaged: Chunks in the middle whose CRC is wrong; their messages are missing.
        tail_bytes: Bytes at the end that belong to no complete record.

    Raises:
        RecordingError: If the file cannot be opened, or is no journal at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as stream:
                self._size = stream.seek(0, 2)
                empty = self._size == 0
                self._map = b"" if empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise RecordingError(f"journal {path}", f"it cannot be opened ({error.strerror})") from error
        self.take: TakeRecord | None = None
        self.stop: StopRecord | None = None
        self.damaged = 0
        self.tail_bytes = 0
        if self._map[: len(MAGIC)] != MAGIC:
            self.close()
            raise RecordingError(f"journal {path}", "it does not begin as a journal does")
        self._read_records()

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Unmap the file; what is held of its messages keeps it mapped until it is let go of."""
        if isinstance(self._map, mmap.mmap):
            with contextlib.suppress(BufferError):
                self._map.close()

    @property
    def content(self) -> memoryview:
        """The whole file as it lies on the disk."""
        return memoryview(self._map)

    def messages(self, start: int = 0) -> Iterator[JournalMessage]:
        """Yield every readable message in the order of its arrival. May be called again.

        Args:
            start: Where to begin: the end of a record, as `JournalTail` tells; 0 = the beginning.
        """
        self.damaged = 0
        for opcode, place in self._records(start):
            if opcode != Opcode.CHUNK:
                continue
            try:
                unpacked = _unpack(memoryview(self._map)[place], place.start)
            except _BROKEN:
                self.damaged += 1
                continue
            yield from unpacked

    def _records(self, start: int = 0) -> Iterator[tuple[int, slice]]:
        """Yield the kind of each complete record and the place of its content."""
        at = max(start, len(MAGIC))
        while at + _RECORD.size <= self._size:
            opcode, length = _RECORD.unpack_from(self._map, at)
            first = at + _RECORD.size
            if opcode == 0 or length > self._size - first:
                break
            if opcode == Opcode.DATA_END:
                at = self._size
                break
            yield opcode, slice(first, first + length)
            at = first + length
        self.tail_bytes = self._size - at

    def _read_records(self) -> None:
        for opcode, place in self._records():
            if opcode != Opcode.METADATA:
                continue
            try:
                metadata = Metadata.read(ReadDataStream(BytesIO(self._map[place])))
            except _BROKEN:
                continue
            if metadata.name == "take":
                self.take = _decode_record(TakeRecord, metadata.metadata)
            elif metadata.name == "stop":
                self.stop = _decode_record(StopRecord, metadata.metadata)


class JournalTail:
    """Reads on in a journal that is still written, up to where it is known to be whole.

    Attributes:
        place: How far it was read; always the end of a record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = len(MAGIC)

    def chunks(self, size: int) -> Iterator[list[JournalMessage]]:
        """Yield the messages of each chunk before byte `size`, which must be the end of a record.

        Raises:
            RecordingError: If they are not what was written.
            OSError: If they cannot be read.
        """
        with self._path.open("rb") as stream:
            while self.place < size:
                stream.seek(self.place)
                opcode, length = _RECORD.unpack(stream.read(_RECORD.size))
                if length > size - self.place:
                    raise RecordingError(f"journal {self._path}", "a record ends beyond what was written")
                content = stream.read(length) if opcode == Opcode.CHUNK else b""
                try:
                    messages = _unpack(content, self.place + _RECORD.size) if content else []
                except _BROKEN as error:
                    raise RecordingError(f"journal {self._path}", f"a chunk is broken ({error})") from error
                self.place += _RECORD.size + length
                yield messages


def _unpack(content: bytes | memoryview, place: int) -> list[JournalMessage]:
    """Return the messages of a chunk; by hand, since a take has tens of thousands of them.

    Args:
        place: Where the chunk begins in the journal, in bytes.

    Raises:
        WireError: If its checksum is wrong, or a message cannot be taken apart.
    """
    view = _checked_records(memoryview(content))
    at, end, found = 0, len(view), list[JournalMessage]()
    place += len(content) - end
    while at + _RECORD.size <= end:
        opcode, length = _RECORD.unpack_from(view, at)
        at += _RECORD.size
        if opcode == _MESSAGE_OPCODE:
            _, _, log_ns, _, size = _MESSAGE.unpack_from(view, at)
            first = at + _MESSAGE.size
            start, stop = first + size, at + length
            if start > stop:
                raise WireError("a chunk of the journal", "a message ends before its header does")
            header = decode(SampleHeader, view[first:start])
            # the header names its topic: no message depends on a channel record in another chunk
            topic = f"{header.device}/{header.signal}"
            found.append(JournalMessage(topic, header, view[start:stop], log_ns, place + start))
        at += length
    return found


def _checked_records(content: memoryview) -> memoryview:
    """Return the records of a chunk whose checksum is right."""
    _, _, size, crc = _CHUNK.unpack_from(content)
    (name_length,) = _U32.unpack_from(content, _CHUNK.size)
    start = _CHUNK.size + _U32.size + name_length + _U64.size
    records = content[start:]
    if name_length or size != len(records) or zlib.crc32(records) != crc:
        raise WireError("a chunk of the journal", "its checksum is wrong")
    return records


def _decode_record(kind: type[R], fields: dict[str, str]) -> R | None:
    text = fields.get("json", "").encode()
    if fields.get("crc32") != str(zlib.crc32(text)):
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
