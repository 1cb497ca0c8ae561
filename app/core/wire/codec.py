"""Structs and arrays to frames and back. No pickle; unknown versions and malformed bytes raise `WireError`."""

from __future__ import annotations

import math
import zlib
from typing import TypeVar

import msgspec
import numpy as np

from app.core.errors import WireError
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader

T = TypeVar("T")
_encoder = msgspec.msgpack.Encoder()
_decoders: dict[type, msgspec.msgpack.Decoder] = {}


def encode(message: msgspec.Struct) -> bytes:
    """Return a struct as msgpack bytes."""
    return _encoder.encode(message)


def decode(kind: type[T], data: bytes | memoryview) -> T:
    """Return the struct of type `kind` that `data` holds.

    Raises:
        WireError: If the bytes are not such a message, or carry another schema version.
    """
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    try:
        message = decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"{kind.__name__} message", f"the bytes do not decode ({error})") from error
    version = getattr(message, "version", SCHEMA_VERSION)
    if isinstance(version, int) and version != SCHEMA_VERSION:
        raise WireError(
            f"{kind.__name__} message",
            f"schema version {version} is not spoken here",
            options=[str(SCHEMA_VERSION)],
            way_out="Run the same Touchstone version on both sides",
        )
    return message


def decode_array(header: SampleHeader, buffer: bytes | memoryview) -> np.ndarray:
    """Return the samples of a `raw` message as a read-only array (count, *shape) on the buffer itself.

    Raises:
        WireError: If the buffer's size does not agree with the header, or the encoding is not `raw`.
    """
    if header.encoding != "raw":
        raise WireError(f"{header.device}/{header.signal}", f"encoding {header.encoding} is no array")
    try:
        dtype = np.dtype(header.dtype)
    except TypeError as error:
        raise WireError(f"{header.device}/{header.signal}", f"dtype {header.dtype!r} is unknown") from error
    if dtype.hasobject:
        raise WireError(f"{header.device}/{header.signal}", "object arrays are refused")
    shape = (header.count, *header.shape)
    expected = math.prod(shape) * dtype.itemsize
    if header.count < 1 or len(buffer) != expected or header.count != len(header.t_ns):
        raise WireError(
            f"{header.device}/{header.signal}", f"{len(buffer)} bytes came where the header says {expected}"
        )
    return np.frombuffer(buffer, dtype=dtype).reshape(shape)


def encode_depth(depth_m: np.ndarray) -> bytes:
    """Return depth in metres (H, W) as a zlib stream of uint16 millimetres; beyond 65.535 m becomes 0 (unknown)."""
    millimetres = np.where(np.isfinite(depth_m) & (depth_m < 65.5), depth_m * 1000.0, 0.0)
    return zlib.compress(np.ascontiguousarray(millimetres.astype(np.uint16)).tobytes(), 1)


def decode_depth(data: bytes | memoryview, shape: tuple[int, ...]) -> np.ndarray:
    """Return depth in millimetres, uint16 (H, W), from `encode_depth`.

    Raises:
        WireError: If the stream is broken or holds another number of pixels.
    """
    size = int(np.prod(shape)) * 2
    try:
        raw = zlib.decompressobj().decompress(data, size + 1)
    except zlib.error as error:
        raise WireError("depth picture", f"it does not decompress ({error})") from error
    if len(raw) != size:
        raise WireError("depth picture", f"it holds {len(raw)} bytes where {size} were expected")
    return np.frombuffer(raw, dtype=np.uint16).reshape(shape)
