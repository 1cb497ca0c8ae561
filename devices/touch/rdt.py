"""ATI's Raw Data Transfer over UDP: the bytes of a request and of a record. Pure functions.

All numbers are big-endian. A request is 8 bytes: 0x1234, the command, how many records (0: without end). A record is
36 bytes: number of the record, number of the sensor's own sample, status, then fx fy fz tx ty tz in counts. (ATI
Industrial Automation, Network Force/Torque Sensor System Manual, chapter "UDP Interface Using RDT".)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

HEADER = 0x1234
FAULT = 0x80000000  # the highest bit of the status: some fault is there
_REQUEST = struct.Struct("!HHI")
_RECORD = struct.Struct("!III6i")


class Request(IntEnum):
    """What is asked of the box."""

    STOP = 0x0000
    START = 0x0002  # high-speed real-time streaming
    BIAS = 0x0042  # make the present load the zero


@dataclass(frozen=True)
class Record:
    """One sample. `counts` (6,): forces and torques in the box's counts."""

    number: int
    sample: int
    status: int
    counts: np.ndarray


def pack_request(command: Request, count: int = 0) -> bytes:
    """Return a request for `count` records; 0 asks for a stream without end."""
    return _REQUEST.pack(HEADER, command, count)


def parse_record(data: bytes) -> Record | None:
    """Return the record of a datagram, or None if it is none."""
    if len(data) != _RECORD.size:
        return None
    number, sample, status, *counts = _RECORD.unpack(data)
    return Record(number, sample, status, np.array(counts, dtype=np.float64))


def lost_between(last: int, number: int) -> int:
    """Return how many records are missing between two numbers of 32 bits that wrap around; 0 if the order changed."""
    step = (number - last) % 2**32
    return step - 1 if 0 < step < 2**31 else 0
