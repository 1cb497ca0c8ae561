"""Reads the values of a few ROS 2 messages from their CDR bytes, and of JSON messages by path. Used for foreign MCAP.

CDR as XCDR1: four bytes of header (the second says little endian), then each number aligned to its own size.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_VALUES = 1_000_000


class _Cdr:
    """A position in the bytes of one message. Raises ValueError or struct.error where they end too soon."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 4 or data[0] != 0 or data[1] not in (0, 1):
            raise ValueError("it does not begin as CDR does")
        self._data, self._order, self._at = data[4:], "<" if data[1] else ">", 0

    def numbers(self, code: str, count: int) -> np.ndarray:
        size = struct.calcsize(code)
        if not 0 <= count <= MAX_VALUES or (count and self._at + size * count > len(self._data) + size):
            raise ValueError(f"it says to hold {count} values")
        if count:
            self._at += -self._at % size
        found = np.frombuffer(self._data, np.dtype(self._order + code), count, self._at)
        self._at += size * count
        return found

    def number(self) -> int:
        return int(self.numbers("I", 1)[0])

    def raw(self) -> bytes:
        size = self.number()
        if size > len(self._data) - self._at:
            raise ValueError(f"it says to hold {size} bytes")
        self._at += size
        return self._data[self._at - size : self._at]

    def header(self) -> None:
        self.numbers("i", 1)
        self.number()
        self.raw()

    def array(self) -> np.ndarray:
        return self.numbers("d", self.number())


def _pose(cdr: _Cdr) -> dict[str, Any]:
    cdr.header()
    values = cdr.numbers("d", 7)
    return {"": values[[0, 1, 2, 6, 3, 4, 5]]}  # quaternion w x y z, as ours


def _six(cdr: _Cdr) -> dict[str, Any]:
    cdr.header()
    return {"": cdr.numbers("d", 6)}


def _joints(cdr: _Cdr) -> dict[str, Any]:
    cdr.header()
    for _ in range(cdr.number()):
        cdr.raw()
    return {name: cdr.array() for name in ("position", "velocity", "effort")}


def _array(cdr: _Cdr) -> dict[str, Any]:
    for _ in range(cdr.number()):
        cdr.raw()
        cdr.numbers("I", 2)
    cdr.number()
    return {"": cdr.array()}


def _picture(cdr: _Cdr) -> dict[str, Any]:
    cdr.header()
    cdr.raw()
    return {"": cdr.raw()}


# type of the message: what it offers by field; "" is the whole
TYPES: dict[str, Callable[[_Cdr], dict[str, Any]]] = {
    "geometry_msgs/msg/PoseStamped": _pose,
    "geometry_msgs/msg/TwistStamped": _six,
    "geometry_msgs/msg/WrenchStamped": _six,
    "sensor_msgs/msg/JointState": _joints,
    "std_msgs/msg/Float64MultiArray": _array,
    "sensor_msgs/msg/CompressedImage": _picture,
}


def read_cdr(kind: str, data: bytes, field: str) -> Any:
    """Return a field of a message: numbers (D,) or the bytes of a picture.

    Raises:
        ValueError: If the type is unknown, lacks the field, or its bytes end too soon.
    """
    if kind not in TYPES:
        raise ValueError(
            f"messages of type {kind!r} are not read; those that are: {', '.join(sorted(TYPES))}"
        )
    try:
        fields = TYPES[kind](_Cdr(data))
    except (struct.error, IndexError) as error:
        raise ValueError(f"its bytes end too soon ({error})") from error
    if fields.get(field) is None:
        raise ValueError(f"{kind} has no field {field!r}; it has {', '.join(map(repr, fields))}")
    return fields[field]


def read_json(data: bytes, field: str, picture: bool) -> Any:
    """Return what lies at a dotted path of a JSON message: numbers (D,), or a picture kept as base64.

    Raises:
        ValueError: If it is not there or of another kind.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({error})") from error
    for word in field.split(".") if field else []:
        if isinstance(value, list) and word.isdigit() and int(word) < len(value):
            value = value[int(word)]
        elif isinstance(value, dict) and word in value:
            value = value[word]
        else:
            raise ValueError(f"it has nothing at {field!r}")
    if picture:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise ValueError(f"{field!r} is no base64 ({error})") from error
    return _flat(value)


def _flat(value: Any) -> np.ndarray:
    """Return all numbers of a JSON value in order: of lists, and of objects by their order."""
    found: list[float] = []
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, dict):
            todo.extend(reversed(list(each.values())))
        elif isinstance(each, list):
            todo.extend(reversed(each))
        elif isinstance(each, int | float) and not isinstance(each, str):
            found.append(float(each))
        else:
            raise ValueError(f"{each!r} is no number")
        if len(found) > MAX_VALUES:
            raise ValueError(f"it has more than {MAX_VALUES} numbers")
    return np.array(found)
