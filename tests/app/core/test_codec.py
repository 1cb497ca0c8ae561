"""What crosses the wire survives it; what is broken is refused by name and never crashes a process."""

from __future__ import annotations

import contextlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import WireError
from app.core.wire.codec import decode, decode_array, decode_depth, encode, encode_depth
from app.core.wire.messages import SCHEMA_VERSION, Beat, Command, Event, Reply, SampleHeader, SetPoint

SETPOINT = SetPoint(
    SCHEMA_VERSION, "h", "operator", 3, 10, 9, 1, -1, (0.5, 0.0, 0.2, 0.0, 1.0, 0.0, 0.0), 0.04
)


def header(count: int = 2, dtype: str = "<f4", shape: tuple[int, ...] = (6,)) -> SampleHeader:
    times = tuple(range(count))
    return SampleHeader(SCHEMA_VERSION, "finger", "wrench", 7, count, times, times, "raw", dtype, shape)


def test_golden_bytes_of_a_setpoint() -> None:
    assert encode(SETPOINT).hex() == (
        "9a01a168a86f70657261746f72030a0901ff97cb3fe0000000000000cb0000000000000000cb3fc999999999999acb0000000000000000"
        "cb3ff0000000000000cb0000000000000000cb0000000000000000cb3fa47ae147ae147b"
    )


@pytest.mark.parametrize("kind", [SetPoint, Command, Reply, Event, Beat, SampleHeader])
@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_refused_as_wire_errors(kind: type[msgspec.Struct], data: bytes) -> None:
    with contextlib.suppress(WireError):  # any other exception fails the test
        assert isinstance(decode(kind, data), kind)


def test_every_truncation_of_a_message_is_refused() -> None:
    data = encode(SETPOINT)
    for size in range(len(data)):
        with pytest.raises(WireError):
            decode(SetPoint, data[:size])


def test_another_schema_version_is_named() -> None:
    with pytest.raises(WireError, match=r"schema version 99 .*Valid: 1"):
        decode(SetPoint, encode(msgspec.structs.replace(SETPOINT, version=99)))


@given(
    st.integers(1, 5), st.sampled_from(["<f4", "<f8", "|u1", "<i8"]), st.lists(st.integers(1, 4), max_size=3)
)
def test_arrays_come_back_as_they_went(count: int, dtype: str, shape: list[int]) -> None:
    array = (np.random.default_rng(0).random((count, *shape)) * 100).astype(dtype)
    back = decode_array(header(count, dtype, tuple(shape)), array.tobytes())
    assert np.array_equal(back, array)


@pytest.mark.parametrize(
    ("bad", "buffer"),
    [
        (header(), b"x" * 47),
        (header(dtype="|O"), b"x" * 96),
        (header(dtype="nonsense"), b""),
        (header(count=-1), b""),
    ],
)
def test_a_buffer_that_does_not_fit_its_header_is_refused(bad: SampleHeader, buffer: bytes) -> None:
    with pytest.raises(WireError):
        decode_array(bad, buffer)


def test_depth_is_lossless_to_a_millimetre_and_a_bomb_is_refused() -> None:
    depth = np.random.default_rng(1).uniform(0.1, 5.0, (24, 32)).astype(np.float32)
    depth[0, 0] = np.inf
    data = encode_depth(depth)
    back = decode_depth(data, (24, 32))
    assert back[0, 0] == 0
    assert np.abs(back[1:] - depth[1:] * 1000.0).max() <= 1.0
    with pytest.raises(WireError):
        decode_depth(data, (12, 32))
    with pytest.raises(WireError):
        decode_depth(data[:-9], (24, 32))
