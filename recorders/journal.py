"""The append-only journal of a take: an MCAP file of small chunks with CRC, synced to disk in groups.

Whatever was synced survives a kill at any moment and a power cut; `recorders.journal_reader` takes all complete
chunks from a file that was cut anywhere. Used by the recorder's writer thread, and by it alone.

One MCAP message is one message of the wire: `[u32 length of the header][SampleHeader as msgpack][buffer]`, with
`log_time` = receive time, `publish_time` = session time of its first sample, `sequence` = its seq (low 32 bits).
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import zlib
from pathlib import Path

import msgspec
from mcap.writer import CompressionType, IndexType, Writer

from app.core.errors import RecordingError
from app.core.wire.codec import encode
from app.core.wire.messages import SampleHeader
from recorders.files import make_folder, sync_folder
from recorders.records import StopRecord, TakeRecord

CHUNK_BYTES = 256 * 1024
MESSAGE_ENCODING = "touchstone-sample-1"
HEADER_LENGTH = struct.Struct("<I")


class _Output:
    """The file as the MCAP library sees it: every write reaches the kernel whole, or raises."""

    def __init__(self, path: Path) -> None:
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        self.size = 0

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            written = os.write(self.handle, view)
            self.size += written
            view = view[written:]
        return len(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Nothing is held back here."""


class JournalWriter:
    """Writes one journal. After an error nothing more may be written; what was synced stays readable.

    Raises:
        RecordingError: If the file cannot be made.
        OSError: From `append`, `sync` and `finish`, when the disk is full or fails.
    """

    def __init__(self, path: Path, take: TakeRecord) -> None:
        self.path, self.take = path, take
        try:
            make_folder(path.parent)
            self._output = _Output(path)
        except OSError as error:
            raise RecordingError(f"journal {path}", f"it cannot be made ({error.strerror})") from error
        self._synced = 0
        self._channels: dict[str, int] = {}
        self._writer = Writer(
            self._output,
            chunk_size=CHUNK_BYTES, compression=CompressionType.NONE, index_types=IndexType.CHUNK | IndexType.METADATA,
        )  # fmt: skip
        try:
            self._writer.start(profile="touchstone", library="touchstone")
            self._add_record("take", take)
            self.sync()
            sync_folder(path.parent)
        except OSError as error:
            self.abandon()
            raise RecordingError(f"journal {path}", f"it cannot be written ({error.strerror})") from error

    @property
    def size(self) -> int:
        """Bytes handed to the kernel so far."""
        return self._output.size

    @property
    def synced(self) -> int:
        """Bytes that are on the disk: whole records."""
        return self._synced

    def append(self, topic: str, header: SampleHeader, buffer: bytes | memoryview, t_receive_ns: int) -> None:
        """Add one message to the open chunk; it is safe only after the next `sync`."""
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._channels[topic] = self._writer.register_channel(topic, MESSAGE_ENCODING, 0)
        head = encode(header)
        data = b"".join((HEADER_LENGTH.pack(len(head)), head, buffer))
        first_ns = header.t_ns[0] if header.t_ns else 0
        self._writer.add_message(channel, t_receive_ns, data, max(first_ns, 0), header.seq & 0xFFFFFFFF)

    def sync(self) -> None:
        """Finish the open chunk and wait until everything so far is on the disk."""
        self._writer.flush()
        os.fdatasync(self._output.handle)
        self._check_there()
        self._synced = self._output.size

    def finish(self, stop: StopRecord) -> None:
        """Write the last record and the summary, sync, and close."""
        self._writer.flush()
        self._add_record("stop", stop)
        self._writer.finish()
        os.fsync(self._output.handle)
        self._check_there()
        self._synced = self._output.size
        self._close()

    def abandon(self) -> None:
        """Close after an error: what lies behind the last sync is cut off."""
        if self._output.handle >= 0:
            with contextlib.suppress(OSError):  # a disk that is gone, or can only be read
                os.ftruncate(self._output.handle, self._synced)
            self._close()

    def _add_record(self, name: str, record: msgspec.Struct) -> None:
        text = msgspec.json.encode(record)
        self._writer.add_metadata(name, {"json": text.decode(), "crc32": str(zlib.crc32(text))})

    def _check_there(self) -> None:
        if os.fstat(self._output.handle).st_nlink == 0:
            raise OSError(errno.ENOENT, "somebody deleted it")

    def _close(self) -> None:
        os.close(self._output.handle)
        self._output.handle = -1
