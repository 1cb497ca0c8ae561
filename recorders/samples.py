"""Rules for single messages: is it well formed, is it new, what is missing before it.

The recorder counts with these while it records, the commit decides with them what goes into the episode.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from app.core.episodes import Flag
from app.core.errors import WireError
from app.core.wire.messages import SampleHeader, StreamSpec
from recorders.journal_reader import JournalMessage

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
MAX_DIMENSIONS = 8
MOST_GAPS = 50  # of one stream that are told one by one; all are counted


def spec_of(header: SampleHeader) -> StreamSpec:
    """Return what a header alone tells of its stream."""
    return StreamSpec(
        header.device,
        header.signal,
        header.dtype,
        header.shape,
        0.0,
        encoding=header.encoding,
        required=False,
    )


def sample_in(body: Mapping[str, Any]) -> tuple[SampleHeader, memoryview]:
    """Return the message that an event carries: `header` (a `SampleHeader` as a list) and `data` (bytes).

    Raises:
        WireError: If it is none, or cannot be kept.
    """
    try:
        header = msgspec.convert(body.get("header"), SampleHeader)
        data = msgspec.convert(body.get("data"), bytes)
    except msgspec.ValidationError as error:
        raise WireError("sample of the parent", f"it is malformed ({error})") from error
    check_message(header, len(data), None)
    return header, memoryview(data)


def check_message(header: SampleHeader, size: int, spec: StreamSpec | None) -> None:
    """Refuse a message that cannot be kept.

    Args:
        size: Bytes of its buffer.
        spec: What the server said of the stream; None when it said nothing.

    Raises:
        WireError: Naming what is wrong with it.
    """
    topic = f"{header.device}/{header.signal}"
    if not _is_topic(header.device, header.signal):
        raise WireError(f"stream {topic[:130]!r}", "its name has characters that no stream may have")
    if header.count < 1 or len(header.t_ns) != header.count or len(header.t_device_ns) != header.count:
        raise WireError(
            f"stream {topic}", f"a message of {header.count} samples has {len(header.t_ns)} times"
        )
    if spec is not None and (header.dtype, header.shape, header.encoding) != (
        spec.dtype,
        spec.shape,
        spec.encoding,
    ):
        raise WireError(
            f"stream {topic}", f"{header.encoding} {header.dtype} {header.shape} was not announced"
        )
    expected = _expected_bytes(header, topic)
    if expected not in (size, None):
        raise WireError(f"stream {topic}", f"{size} bytes came where {expected} were announced")


@lru_cache(maxsize=1024)
def _is_topic(device: str, signal: str) -> bool:
    return bool(_NAME.fullmatch(device) and _NAME.fullmatch(signal))


def _expected_bytes(header: SampleHeader, topic: str) -> int | None:
    if header.encoding != "raw":
        if header.count != 1:
            raise WireError(f"stream {topic}", f"one message holds {header.count} pictures")
        return None
    return header.count * _sample_bytes(topic, header.dtype, tuple(header.shape))


@lru_cache(maxsize=1024)
def _sample_bytes(topic: str, dtype: str, shape: tuple[int, ...]) -> int:
    """Return the size of one sample.

    Raises:
        WireError: If type or shape cannot be kept.
    """
    try:
        kind = np.dtype(dtype)
    except (TypeError, ValueError) as error:
        raise WireError(f"stream {topic}", f"type {dtype!r} is unknown") from error
    if kind.kind not in "biuf" or len(shape) > MAX_DIMENSIONS or any(n < 1 for n in shape):
        raise WireError(f"stream {topic}", f"type {dtype!r} with shape {shape} cannot be kept")
    return kind.itemsize * math.prod(shape)


@dataclass
class SequenceCounter:
    """Counts the samples that are missing in one stream.

    Attributes:
        dropped: Samples that never came, by the gaps in `seq`.
        last_seq: Number of the newest sample; -1 before the first.
        last_ns: Its session time.
        gaps: (session time before, session time after, samples lost) of the first gaps.
    """

    dropped: int = 0
    last_seq: int = -1
    last_ns: int = 0
    gaps: list[tuple[int, int, int]] = field(default_factory=list)

    def take(self, header: SampleHeader) -> int:
        """Take in a message; returns how many of its first samples are repeats (all of them: `count`).

        A seq that goes back at a later time is a server that started anew: no gap can be told there.
        """
        if header.seq == self.last_seq + 1:  # the next one, as nearly always
            self.last_seq, self.last_ns = header.seq + header.count - 1, header.t_ns[-1]
            return 0
        repeats = 0
        while (
            repeats < header.count
            and header.seq + repeats <= self.last_seq
            and header.t_ns[repeats] <= self.last_ns
        ):  # fmt: skip
            repeats += 1
        if repeats == header.count:
            return repeats
        first = header.seq + repeats
        if self.last_seq >= 0 and first > self.last_seq + 1:
            lost = first - self.last_seq - 1
            self.dropped += lost
            if len(self.gaps) < MOST_GAPS:
                self.gaps.append((self.last_ns, header.t_ns[repeats], lost))
        self.last_seq, self.last_ns = header.seq + header.count - 1, header.t_ns[-1]
        return repeats


def gap_flags(counters: Mapping[str, SequenceCounter]) -> list[Flag]:
    """Return a flag for each gap that was noted."""
    return [
        Flag(
            topic, "gap", before, after, f"stream {topic}: {lost} {'samples' if lost > 1 else 'sample'} lost."
        )
        for topic, counter in sorted(counters.items())
        for before, after, lost in counter.gaps
    ]


class KeptSamples(msgspec.Struct, frozen=True):
    """Samples `first` … `last` - 1 of a recorded message, which go into the episode."""

    message: JournalMessage
    first: int
    last: int

    def times(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return session and device times."""
        header = self.message.header
        if self.last - self.first == header.count:
            return header.t_ns, header.t_device_ns
        return header.t_ns[self.first : self.last], header.t_device_ns[self.first : self.last]

    def data(self) -> memoryview:
        """Return the bytes of these samples; a picture as it is."""
        header, buffer = self.message.header, self.message.buffer
        if header.encoding != "raw" or self.last - self.first == header.count:
            return buffer
        size = len(buffer) // header.count
        return buffer[self.first * size : self.last * size]


@dataclass(frozen=True, slots=True)
class _Form:
    """What a message of a stream looked like that passed `check_message`."""

    device: str
    signal: str
    dtype: str
    shape: tuple[int, ...]
    encoding: str
    row_bytes: int  # 0: a picture

    def holds(self, header: SampleHeader, size: int) -> bool:
        """Whether a message is sure to pass again; the short way for thousands of the same kind."""
        count = header.count
        return (
            count > 0
            and len(header.t_ns) == count == len(header.t_device_ns)
            and (size == count * self.row_bytes if self.row_bytes else count == 1)
            and header.shape == self.shape
            and header.dtype == self.dtype
            and header.encoding == self.encoding
            and header.signal == self.signal
            and header.device == self.device
        )  # fmt: skip


@dataclass
class Selection:
    """Goes through a journal's messages and picks what belongs to the episode.

    Attributes:
        end_ns: Later samples are left out; 0 = none are.
        counters: One per topic, after `pick` has run.
        malformed: Messages per topic that could not be kept.
    """

    end_ns: int
    counters: dict[str, SequenceCounter] = field(default_factory=dict)
    specs: dict[str, StreamSpec] = field(default_factory=dict)
    malformed: dict[str, int] = field(default_factory=dict)
    _forms: dict[str, _Form] = field(default_factory=dict)

    def pick(self, messages: Iterable[JournalMessage]) -> Iterator[KeptSamples]:
        """Yield what is kept, in the order of arrival."""
        for message in messages:
            header = message.header
            form = self._forms.get(message.topic)
            if not (form and form.holds(header, len(message.buffer))) and not self._accepts(message):
                continue
            last = header.count
            while self.end_ns and last and header.t_ns[last - 1] > self.end_ns:
                last -= 1
            first = self.counters[message.topic].take(header) if last else header.count
            if first < last:
                yield KeptSamples(message, first, last)

    def _accepts(self, message: JournalMessage) -> bool:
        """Check a message whose form is new to its stream, and remember the form; False: it is counted as malformed."""
        topic, header, size = message.topic, message.header, len(message.buffer)
        spec = self.specs.get(topic)
        try:
            check_message(header, size, spec)
        except WireError:
            self.malformed[topic] = self.malformed.get(topic, 0) + 1
            return False
        if spec is None:
            self.specs[topic] = spec_of(header)
        row_bytes = size // header.count if header.encoding == "raw" else 0
        self._forms[topic] = _Form(
            header.device, header.signal, header.dtype, header.shape, header.encoding, row_bytes
        )
        self.counters.setdefault(topic, SequenceCounter())
        return True
