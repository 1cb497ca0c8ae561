"""Reads MCAP files: journals of ours as they are, and others by a table that says which topic becomes which stream.

The table is TOML:

```
[[stream]]
topic = "/joint_states"       # in the MCAP file
field = "position"            # dotted path in the message; leave out for the whole
as = "arm/joints"             # device/signal of the stream
unit = "rad"
[[stream]]
topic = "/camera/compressed"
as = "scene/color"
picture = true                # JPEG bytes (ROS CompressedImage; base64 in JSON)
```
Messages in JSON, and ROS 2 messages in CDR of the types in `recorders.exchange.ros`. The log time is the time.
"""

from __future__ import annotations

import re
import shutil
import struct
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import simplejpeg
from mcap.exceptions import McapError
from mcap.reader import make_reader

from app.core.errors import EpisodeError, TouchstoneError
from app.core.wire.messages import StreamSpec
from recorders.commit import commit
from recorders.exchange.assembly import Stream, jpeg_of
from recorders.exchange.keeping import Incoming, Kept, attributes_of
from recorders.exchange.model import Pictures
from recorders.exchange.ros import read_cdr, read_json
from recorders.exchange.spool import Spool
from recorders.files import journal_path
from recorders.journal_reader import JournalReader
from recorders.reader import EpisodeFile

_TOPIC = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_BROKEN = (
    McapError,
    OSError,
    ValueError,
    KeyError,
    struct.error,
    EOFError,
    MemoryError,
    AssertionError,
    TypeError,
)


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"name": "as"}):
    """One row of the table."""

    topic: str
    name: str
    field: str = ""
    unit: str = ""
    frame: str = ""
    picture: bool = False


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stream: tuple[Wanted, ...]


def read_table(path: Path) -> tuple[Wanted, ...]:
    """Return the table of topics.

    Raises:
        EpisodeError: If it is missing or cannot be understood.
    """
    try:
        table = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _Table)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise EpisodeError(
            f"table {path}",
            f"it cannot be understood ({error})",
            way_out="See resources/help/exchange.md, MCAP",
        ) from error
    for wanted in table.stream:
        if not _TOPIC.fullmatch(wanted.name):
            raise EpisodeError(f"table {path}", f"as = {wanted.name!r} is no device/signal")
    return table.stream


def is_journal(path: Path) -> bool:
    """Whether an MCAP file is a journal of ours, whole or cut."""
    try:
        with JournalReader(path) as reader:
            return reader.take is not None
    except TouchstoneError:
        return False


def keep_journal(path: Path, folder: Path) -> Kept:
    """Make an episode of a journal of ours, through a copy: the file stays.

    Raises:
        EpisodeError: If it holds nothing, or its episode cannot be written.
    """
    with JournalReader(path) as reader:
        uuid = reader.take.uuid if reader.take else path.stem
    copy = journal_path(folder, uuid)
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(path, copy)
        kept = commit(folder, copy)
    except OSError as error:
        raise EpisodeError(f"file {path}", f"it cannot be copied ({error.strerror})") from error
    finally:
        for left in (copy, copy.with_name(copy.name + ".damaged")):
            left.unlink(missing_ok=True)
    if kept is None:
        raise EpisodeError(f"file {path}", "it holds no sample")
    with EpisodeFile(kept.path) as episode:
        return Kept(episode.uuid, str(kept.path), kept.seconds, kept.outcome, {})


class _Gathered:
    """The messages of one row of the table."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.times: list[int] = []
        self.rows: list[np.ndarray] = []
        self.pictures = 0


def read_foreign(path: Path, table: tuple[Wanted, ...], spool: Spool, software: str) -> Incoming:
    """Return the one episode that a foreign MCAP file holds; its pictures go to the spool.

    Raises:
        EpisodeError: If it is broken, lacks a topic of the table, or a message is not what the table says.
    """
    where = f"file {path}"
    gathered = [_Gathered(wanted) for wanted in table]
    starts: dict[str, list[int]] = {wanted.name: [] for wanted in table}
    try:
        with path.open("rb") as stream:
            reader = make_reader(stream, validate_crcs=True)
            topics = [wanted.topic for wanted in table]
            for schema, channel, message in reader.iter_messages(topics=topics):
                for each in gathered:
                    if each.wanted.topic == channel.topic:
                        _take(each, schema, channel, message, spool, starts, where)
    except EpisodeError:
        raise
    except _BROKEN as error:
        raise EpisodeError(where, f"it is no whole MCAP file ({error})") from error
    if silent := [each.wanted.topic for each in gathered if not each.times]:
        raise EpisodeError(
            where, f"it has no message of {silent[0]!r}", way_out="Name topics of it in the table"
        )
    streams = [_stream(each, spool, starts[each.wanted.name], where) for each in gathered]
    provenance = {"kind": "import", "format": "mcap", "file": path.name, "index": 0,
                  "topics": {each.wanted.topic: each.wanted.name for each in gathered}}  # fmt: skip
    return Incoming(where, streams, attributes_of(software, provenance, "", "", ""))


def _take(
    each: _Gathered,
    schema: Any,
    channel: Any,
    message: Any,
    spool: Spool,
    starts: dict[str, list[int]],
    where: str,
) -> None:
    wanted = each.wanted
    try:
        if channel.message_encoding == "json":
            value = read_json(message.data, wanted.field, wanted.picture)
        elif channel.message_encoding == "cdr":
            value = read_cdr(schema.name if schema else "", message.data, wanted.field)
        else:
            raise ValueError(f"messages in {channel.message_encoding!r} are not read; json and cdr are")
        if wanted.picture != isinstance(value, bytes):
            raise ValueError("it holds a picture" if isinstance(value, bytes) else "it holds no picture")
    except ValueError as error:
        raise EpisodeError(where, f"topic {wanted.topic!r}, message {len(each.times)}: {error}") from error
    each.times.append(int(message.log_time))
    if isinstance(value, bytes):
        starts[wanted.name].append(len(spool))
        spool.append(jpeg_of(value, where))
    else:
        each.rows.append(value)


def _stream(each: _Gathered, spool: Spool, numbers: list[int], where: str) -> Stream:
    wanted, times = each.wanted, np.array(each.times, np.int64)
    order = np.argsort(times, kind="stable")
    device, _, signal = wanted.name.partition("/")
    span = int(times.max() - times.min()) * 1e-9
    rate = round((len(times) - 1) / span, 3) if span > 0 else 0.0
    if wanted.picture:
        pictures = Pictures(len(numbers), lambda index: spool.read(numbers[index]))
        first = jpeg_of(spool.read(numbers[0]), where)
        height, width = _size(first)
        spec = StreamSpec(
            device, signal, "|u1", (height, width, 3), rate, encoding="jpeg", frame=wanted.frame
        )
        return Stream(spec, times[order], None, pictures, order)
    widths = {len(row) for row in each.rows}
    if len(widths) != 1 or 0 in widths:
        raise EpisodeError(
            where, f"topic {wanted.topic!r} has messages of {sorted(widths)} values; one size is due"
        )
    data = np.stack(each.rows)[order].astype("<f8")
    return Stream(
        StreamSpec(device, signal, "<f8", data.shape[1:], rate, wanted.unit, wanted.frame), times[order], data
    )


def _size(jpeg: bytes) -> tuple[int, int]:
    height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
    return int(height), int(width)
