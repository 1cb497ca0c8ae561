"""ATI Net F/T over UDP as a touch sensor. A thread takes in the stream; a force that is too old is NaN."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable

import numpy as np

from app.core.errors import DeviceError
from app.core.wire.messages import StreamSpec
from devices.interface import Notice, Sample
from devices.parts.feed import Feed
from devices.touch.health import Lasting, Saturation, Stuck, drift
from devices.touch.options import NetFt
from devices.touch.rdt import FAULT, Record, Request, lost_between, pack_request, parse_record
from devices.touch.wrench import LABELS, WITH_UNITS, Tare, carried

WAIT_S = 0.25
FIRST_SAMPLE_S = 3.0
MOST_AT_ONCE = 100
LOSSES_TOLD_EVERY_S = 10.0
DATAGRAM_BYTES = 512


class NetFtSource:
    """One UDP connection to the box, read in a feed's thread."""

    def __init__(self, name: str, options: NetFt, tare: Tare) -> None:
        self._name, self._options, self._tare = name, options, tare
        scale = [options.counts_per_n] * 3 + [options.counts_per_nm] * 3
        self._scale = 1.0 / np.array(scale)
        self._pose = np.asarray(options.pose).reshape(4, 4)
        self._stuck, self._fault = Stuck(options.stuck_s), Lasting(0.0)
        self._saturation = Saturation(np.array(options.range), WITH_UNITS)
        self._last: int | None = None
        self._losses, self._losses_told_s = 0, time.monotonic()
        self.tell: Callable[[str], None] = lambda _: None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.connect((options.host, options.port))
            self._socket.settimeout(WAIT_S)
            self.request(Request.START)
        except OSError as error:
            self._socket.close()
            raise DeviceError(
                f"touch sensor {name!r}", f"{options.host}:{options.port} cannot be reached ({error})",
                way_out="Check its power and address, and `host` in the rig file",
            ) from error  # fmt: skip

    @property
    def believable(self) -> bool:
        """Whether the reading changes and no fault is reported."""
        return not (self._stuck.on or self._fault.on)

    def request(self, command: Request) -> None:
        """Send a request; UDP promises no answer."""
        self._socket.send(pack_request(command))

    def read(self) -> list[Sample]:
        """Return what came; asks for the stream again when nothing did, since the box may have been restarted."""
        try:
            data = self._socket.recv(DATAGRAM_BYTES)
        except TimeoutError:
            self._send_again()
            return []
        except OSError as error:
            raise DeviceError(f"touch sensor {self._name!r}", f"it is lost ({error})") from error
        samples = self._take(data)
        self._socket.setblocking(False)
        try:
            for _ in range(MOST_AT_ONCE):
                samples += self._take(self._socket.recv(DATAGRAM_BYTES))
        except OSError:
            pass  # all is read; an error comes again at the next read
        finally:
            self._socket.settimeout(WAIT_S)
        return samples

    def _send_again(self) -> None:
        try:
            self.request(Request.START)
        except OSError as error:
            raise DeviceError(f"touch sensor {self._name!r}", f"it is lost ({error})") from error

    def _take(self, data: bytes) -> list[Sample]:
        record = parse_record(data)
        if record is None:
            return []
        now = time.monotonic_ns()
        counted = record.counts * self._scale
        self._watch(record, counted, now)
        wrench = self._tare.feed(carried(counted, self._pose))
        return [Sample(f"{self._name}/wrench", now, wrench.astype(np.float32))]

    def _watch(self, record: Record, counted: np.ndarray, now: int) -> None:
        if self._last is not None:
            self._losses += lost_between(self._last, record.number)
        self._last = record.number
        if self._losses and now * 1e-9 - self._losses_told_s > LOSSES_TOLD_EVERY_S:
            self.tell(f"{self._losses} records were lost on the network.")
            self._losses, self._losses_told_s = 0, now * 1e-9
        change = self._fault.update(bool(record.status & FAULT), now)
        fault = f"it reports a fault (status {record.status:08x}): see its web page." if change else ""
        for text in (
            self._stuck.update(record.counts, now),
            self._saturation.update(counted),
            "its fault is over." if change is False else fault,
        ):
            if text:
                self.tell(text)

    def close(self) -> None:
        """Ask the box to stop, and close."""
        try:
            self.request(Request.STOP)
        except OSError:
            pass  # it is gone: there is nobody to ask
        finally:
            self._socket.close()


class NetFtSensor:
    """A Net F/T as a part of a rig."""

    def __init__(self, name: str, options: NetFt) -> None:
        self._name, self._options = name, options
        self._tare = Tare(options.rate_hz)
        self._tared_s: float | None = None
        self._source = NetFtSource(name, options, self._tare)
        self._feed = Feed(
            f"touch sensor {name!r}", self._source, self._reopen, options.stall_s, keep=round(options.rate_hz)
        )
        self._source.tell = self._tell
        self._feed.wait_first(FIRST_SAMPLE_S)

    def _reopen(self) -> NetFtSource:
        self._source = NetFtSource(self._name, self._options, self._tare)
        self._source.tell = self._tell
        return self._source

    def _tell(self, text: str) -> None:
        self._feed.tell(f"{self._feed.name}: {text}")

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the wrench: what the surroundings exert on the finger."""
        rate = self._options.rate_hz
        return (StreamSpec(self._name, "wrench", "<f4", (6,), rate, "N, N·m", "tool", labels=LABELS),)

    def markers_m(self) -> np.ndarray:
        """Return none: it has no field."""
        return np.zeros((0, 3))

    def force_n(self) -> float | None:
        """Return the norm of the newest tared force; NaN if it is too old, stuck or faulty."""
        newest = self._feed.latest()
        if not newest or self._feed.age_s() > self._options.stale_s or not self._source.believable:
            return math.nan
        force = np.asarray(newest[0].data)[:3].astype(np.float64)
        return float(np.sqrt(force @ force))

    def collect(self) -> list[Sample]:
        """Return every sample since the last call."""
        return self._feed.collect()

    def latest(self) -> list[Sample]:
        """Return the newest wrench."""
        return self._feed.latest()

    def tare(self) -> None:
        """Make the mean of the last tenth of a second the zero, and tell if it has moved far since the last tare."""
        if self._options.bias_in_box:
            self._tare.forget()
            self._source.request(Request.BIAS)
            return
        old, now = self._tare.zero, time.monotonic()
        new = self._tare.now()
        moved = drift(old[:3], new[:3], self._options.drift_n, now - (self._tared_s or now))
        if self._tared_s is not None and moved:
            self._tell(moved)
        self._tared_s = now

    def notices(self) -> list[Notice]:
        """Return stalls, losses, faults, saturation, drift and a reading that is stuck."""
        return self._feed.notices()

    def close(self) -> None:
        """Release the box."""
        self._feed.close()


def make_netft(name: str, options: NetFt) -> NetFtSensor:
    """Return a Net F/T sensor."""
    return NetFtSensor(name, options)
