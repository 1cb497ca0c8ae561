"""Net F/T against a box on a real UDP socket: scaling, frames, tare, drift, saturation, faults, silence."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import numpy as np
import pytest

from app.core.errors import DeviceError
from devices.touch.netft import NetFtSensor, make_netft
from devices.touch.options import NetFt
from devices.touch.rdt import Request, lost_between, pack_request, parse_record
from devices.touch.wrench import carried
from tests.devices.contract.netft_double import Box, netft_box
from tests.hygiene import wait_until

LOAD = np.array([3.0, -2.0, 12.0, 0.1, -0.2, 0.05])


@contextmanager
def sensor_on_box(**options: object) -> Iterator[tuple[NetFtSensor, Box, Callable[[str], bool]]]:
    """Yield sensor, box, and whether a notice with some words was heard."""
    with netft_box() as (basic, box):
        sensor = make_netft("finger", msgspec.convert({**basic, **options}, NetFt))
        said: list[str] = []

        def heard(words: str) -> bool:
            said.extend(notice.text for notice in sensor.notices())
            return any(words in text for text in said)

        try:
            yield sensor, box, heard
        finally:
            sensor.close()


def wrench_of(sensor: NetFtSensor) -> np.ndarray:
    """Return the mean of the samples that come next."""
    sensor.collect()
    found: list[np.ndarray] = []

    def enough() -> bool:
        found.extend(np.asarray(sample.data) for sample in sensor.collect())
        return len(found) >= 60

    wait_until(enough, 10.0, "sixty samples")
    return np.asarray(np.mean(found[10:], axis=0))


def test_counts_become_newtons_and_no_record_is_lost_or_doubled() -> None:
    with sensor_on_box() as (sensor, box, _):
        box.load = LOAD
        wait_until(lambda: (sensor.force_n() or 0.0) > 10.0, 10.0, "the load")
        assert wrench_of(sensor) == pytest.approx(LOAD, abs=0.02)
        sensor.collect()
        samples = []

        def enough() -> bool:
            samples.extend(sensor.collect())
            return len(samples) > 100

        wait_until(enough, 10.0, "samples")
        assert sensor._source._losses == 0
        stamps = [sample.t_device_ns for sample in samples]
        assert stamps == sorted(stamps)


def test_tare_here_and_in_the_box() -> None:
    with sensor_on_box() as (sensor, box, _):
        box.load = LOAD
        wait_until(lambda: (sensor.force_n() or 0.0) > 10.0, 10.0, "the load")
        wrench_of(sensor)
        sensor.tare()
        assert np.abs(wrench_of(sensor)).max() < 0.05
        wait_until(lambda: (sensor.force_n() or 0.0) < 0.3, 10.0, "the zero")
        assert 0x42 not in box.requests
    with sensor_on_box(bias_in_box=True) as (sensor, box, _):
        box.load = LOAD
        wait_until(lambda: (sensor.force_n() or 0.0) > 10.0, 10.0, "the load")
        sensor.tare()
        wait_until(lambda: (sensor.force_n() or 99.0) < 0.3, 10.0, "the box's zero")
        assert box.requests == [2, 0x42]


def test_the_wrench_is_carried_into_the_tool_frame() -> None:
    pose = (0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, -0.1, 0.0, 0.0, 0.0, 1.0)
    with sensor_on_box(pose=pose) as (sensor, box, _):
        box.load = np.array([5.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        wait_until(lambda: (sensor.force_n() or 0.0) > 4.0, 10.0, "the load")
        # sensor x is tool y; a force 5 N along tool y at z = −0.1 m turns about tool x by 0.1 m · 5 N
        assert wrench_of(sensor) == pytest.approx([0.0, 5.0, 0.0, 0.5, 0.0, 0.0], abs=0.02)


def test_carrying_a_wrench_there_and_back_changes_nothing() -> None:
    pose = np.eye(4)
    pose[:3, :3] = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    pose[:3, 3] = [0.1, -0.2, 0.3]
    assert carried(carried(LOAD, pose), np.linalg.inv(pose)) == pytest.approx(LOAD)


def test_drift_saturation_fault_and_a_stuck_reading_are_told() -> None:
    with sensor_on_box(drift_n=2.0) as (sensor, box, heard):
        sensor.tare()
        box.load = np.array([0.0, 0.0, 4.0, 0.0, 0.0, 0.0])
        wait_until(lambda: (sensor.force_n() or 0.0) > 3.0, 10.0, "the drift")
        wrench_of(sensor)
        sensor.tare()
        wait_until(lambda: heard("its zero moved by 4"), 10.0, "the drift to be told")
        box.load = np.array([0.0, 0.0, 401.0, 0.0, 0.0, 0.0])
        wait_until(lambda: heard("end of its range (fz +401 N)"), 10.0, "saturation")
        box.load = np.zeros(6)
        wait_until(lambda: heard("back in its range"), 10.0, "the end of saturation")
        box.status = 0x80000010
        wait_until(lambda: heard("fault (status 80000010)"), 10.0, "the fault")
        assert math.isnan(sensor.force_n() or 0.0)
        box.status = 0
        wait_until(lambda: heard("its fault is over"), 10.0, "the end of the fault")
        box.noise = 0.0
        wait_until(lambda: heard("it is stuck"), 10.0, "the stuck reading")
        assert math.isnan(sensor.force_n() or 0.0)
        box.noise = 1.0
        wait_until(lambda: not math.isnan(sensor.force_n() or 0.0), 10.0, "a living reading")


def test_silence_makes_the_force_no_number_and_the_stream_is_asked_for_again() -> None:
    with sensor_on_box() as (sensor, box, heard):
        wait_until(lambda: not math.isnan(sensor.force_n() or 0.0), 10.0, "a fresh force")
        box.silent.set()
        wait_until(lambda: math.isnan(sensor.force_n() or 0.0), 10.0, "an old force")
        wait_until(lambda: heard("nothing came for"), 10.0, "the stall")
        wait_until(lambda: box.requests.count(2) >= 2, 10.0, "a second request")
        box.silent.clear()
        wait_until(lambda: heard("back after"), 10.0, "the return")
        wait_until(lambda: not math.isnan(sensor.force_n() or 0.0), 10.0, "a fresh force")


def test_nobody_there_is_said_with_the_way_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeviceError, match=r"nothing came within.*it is lost.*Check cable"):
        make_netft("finger", NetFt(host="127.0.0.1", port=port))


def test_bytes_of_the_protocol() -> None:
    assert pack_request(Request.START) == bytes.fromhex("1234000200000000")
    assert pack_request(Request.BIAS, 1) == bytes.fromhex("1234004200000001")
    data = bytes.fromhex("00000007 00000009 80000000 000003e8 fffffc18 00000000 00000001 ffffffff 7fffffff")
    record = parse_record(data)
    assert record is not None
    assert (record.number, record.sample, record.status) == (7, 9, 0x80000000)
    assert record.counts.tolist() == [1000, -1000, 0, 1, -1, 2**31 - 1]
    assert parse_record(data[:-1]) is None


@pytest.mark.parametrize(
    ("last", "number", "lost"),
    [(1, 2, 0), (1, 5, 3), (2**32 - 1, 0, 0), (2**32 - 2, 1, 2), (9, 8, 0), (5, 5, 0)],
)
def test_losses_are_counted_over_the_wrap(last: int, number: int, lost: int) -> None:
    assert lost_between(last, number) == lost
