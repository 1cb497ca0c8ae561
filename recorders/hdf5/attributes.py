"""Attributes of an episode file: plain numbers and fixed-length UTF-8 text (JSON where they have structure)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from recorders.hdf5.schema import DIGEST, digest_of


def write_attribute(target: h5py.Group, name: str, value: Any) -> None:
    """Write one attribute: bool, int and float as numbers, text as fixed-length UTF-8, the rest as JSON text."""
    if isinstance(value, bool):
        target.attrs.create(name, np.uint8(value))
    elif isinstance(value, int):
        target.attrs.create(name, np.int64(value))
    elif isinstance(value, float):
        target.attrs.create(name, np.float64(value))
    else:
        text = value if isinstance(value, str) else json.dumps(value, allow_nan=True, sort_keys=True)
        data = text.encode().replace(b"\0", b"")
        kind = h5py.string_dtype("utf-8", max(1, len(data)))
        target.attrs.create(name, np.array(data, dtype=kind), dtype=kind)


def read_text(target: h5py.Group, name: str) -> str:
    """Return a text attribute.

    Raises:
        KeyError: If it is missing.
        ValueError: If it is no fixed-length text.
    """
    return text_of(name, target.attrs[name])


def text_of(name: str, value: Any) -> str:
    """Return the value of a text attribute.

    Raises:
        ValueError: If it is no fixed-length text.
    """
    if isinstance(value, np.ndarray) or not isinstance(value, bytes):
        raise ValueError(f"attribute {name} is no fixed-length text")
    return bytes(value).decode()


def read_attributes(target: h5py.Group) -> dict[str, Any]:
    """Return all attributes by name; reading one is slow, so that this is done once."""
    return {name: target.attrs[name] for name in target.attrs}


def attributes_digest(values: Mapping[str, Any]) -> str:
    """Return the digest over all attributes but the digest itself, by name and bytes."""
    names = sorted(name for name in values if name != DIGEST)
    return digest_of(part for name in names for part in (name.encode(), np.asarray(values[name]).tobytes()))


def seal(target: h5py.Group) -> None:
    """Write the digest over all attributes."""
    target.attrs.create(DIGEST, np.bytes_(attributes_digest(read_attributes(target))))


def is_sealed(values: Mapping[str, Any]) -> bool:
    """Whether the attributes (of `read_attributes`) are as they were sealed."""
    stored = values.get(DIGEST)
    return isinstance(stored, bytes) and stored == attributes_digest(values).encode()
