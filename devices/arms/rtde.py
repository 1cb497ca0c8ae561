"""Universal Robots' Real-Time Data Exchange, version 2: bytes of the messages, and a connection. Used by `ur`.

A message is its length (u16, with the 3 bytes of the head), its type (u8) and a payload, all big-endian. A client asks
for the protocol version, names what it wants to hear (output recipe) and to write (input recipe), and starts.
(Universal Robots, "Real-Time Data Exchange (RTDE) Guide".)
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum

from app.core.errors import DeviceError

PORT = 30004
VERSION = 2
READ_S = 0.25
_HEAD = struct.Struct("!HB")
_FORMATS = {
    "BOOL": "?", "UINT8": "B", "UINT32": "I", "UINT64": "Q", "INT32": "i", "DOUBLE": "d", "VECTOR3D": "3d",
    "VECTOR6D": "6d", "VECTOR6INT32": "6i", "VECTOR6UINT32": "6I",
}  # fmt: skip


class Kind(IntEnum):
    """Types of messages: the letters of the guide."""

    VERSION = ord("V")
    TEXT = ord("M")
    DATA = ord("U")
    OUTPUTS = ord("O")
    INPUTS = ord("I")
    START = ord("S")
    PAUSE = ord("P")


def pack(kind: Kind, payload: bytes) -> bytes:
    """Return a message."""
    return _HEAD.pack(len(payload) + _HEAD.size, kind) + payload


def split(buffer: bytearray) -> list[tuple[int, bytes]]:
    """Take whole messages (type, payload) out of what was received; the rest stays in `buffer`.

    Raises:
        ValueError: If a length is impossible: this is no RTDE.
    """
    found = []
    while len(buffer) >= _HEAD.size:
        size, kind = _HEAD.unpack_from(buffer)
        if size < _HEAD.size:
            raise ValueError(f"a message of {size} bytes")
        if len(buffer) < size:
            break
        found.append((kind, bytes(buffer[_HEAD.size : size])))
        del buffer[:size]
    return found


def unpack_values(types: Sequence[str], data: bytes) -> list[tuple[float, ...]]:
    """Return the values of a data package, one tuple for each variable of the recipe.

    Raises:
        struct.error: If the package has another length than the recipe.
    """
    formats = [_FORMATS[name] for name in types]
    flat = struct.unpack("!" + "".join(formats), data)
    values, start = [], 0
    for form in formats:
        count = int(form[:-1] or 1)
        values.append(flat[start : start + count])
        start += count
    return values


def pack_values(types: Sequence[str], values: Iterable[float]) -> bytes:
    """Return the values of scalar variables as the content of a data package."""
    return struct.pack("!" + "".join(_FORMATS[name] for name in types), *values)


class Connection:
    """A started exchange.

    Args:
        name: What the person calls the arm.
        outputs: Variables to hear, at `rate_hz`.
        inputs: Variables to write; may be empty.

    Raises:
        DeviceError: If the controller cannot be reached, or refuses something.
    """

    def __init__(
        self, name: str, host: str, rate_hz: float, outputs: Sequence[str], inputs: Sequence[str], timeout_s: float
    ) -> None:  # fmt: skip
        self._name = name
        self._buffer = bytearray()
        self._waiting: list[tuple[int, bytes]] = []
        try:
            self._socket = socket.create_connection((host, PORT), timeout_s)
        except OSError as error:
            raise DeviceError(
                f"arm {name!r}", f"{host}:{PORT} cannot be reached ({error})",
                way_out="Switch the controller on, and check `host` in the rig file",
            ) from error  # fmt: skip
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._ask(Kind.VERSION, struct.pack("!H", VERSION)) != b"\x01":
                raise DeviceError(f"arm {name!r}", f"its controller does not speak RTDE {VERSION}")
            answer = self._ask(Kind.OUTPUTS, struct.pack("!d", rate_hz) + ",".join(outputs).encode())
            self._output_id, self._output_types = self._recipe(outputs, answer)
            self._input_id, self._input_types = 0, tuple[str, ...]()
            if inputs:
                answer = self._ask(Kind.INPUTS, ",".join(inputs).encode())
                self._input_id, self._input_types = self._recipe(inputs, answer)
            if self._ask(Kind.START, b"") != b"\x01":
                raise DeviceError(f"arm {name!r}", "its controller does not start the exchange")
            self._socket.settimeout(READ_S)
        except (OSError, ValueError) as error:
            self._socket.close()
            raise DeviceError(f"arm {name!r}", f"{host}:{PORT} speaks no RTDE ({error})") from error
        except DeviceError:
            self._socket.close()
            raise

    def _ask(self, kind: Kind, payload: bytes) -> bytes:
        self._socket.sendall(pack(kind, payload))
        while True:
            for got, answer in self._messages():
                if got == kind:
                    return answer

    def _messages(self) -> list[tuple[int, bytes]]:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionResetError("the controller hung up")
        self._buffer += data
        return split(self._buffer)

    def _recipe(self, names: Sequence[str], answer: bytes) -> tuple[int, tuple[str, ...]]:
        types = tuple(answer[1:].decode("ascii", "replace").split(","))
        bad = [f"{name} ({kind})" for name, kind in zip(names, types, strict=False) if kind not in _FORMATS]
        if bad or len(types) != len(names) or not answer[0]:
            raise DeviceError(
                f"arm {self._name!r}", f"its controller does not give {', '.join(bad) or 'what was asked for'}",
                way_out="Stop what else writes these registers, or bring the controller's software up to date",
            )  # fmt: skip
        return answer[0], types

    def receive(self) -> list[list[tuple[float, ...]]]:
        """Return the data packages that came, oldest first; waits for one up to the timeout.

        Raises:
            DeviceError: If the connection is lost.
        """
        try:
            messages = self._messages()
            return [
                unpack_values(self._output_types, payload[1:])
                for kind, payload in messages
                if kind == Kind.DATA and payload[:1] == bytes([self._output_id])
            ]
        except TimeoutError:
            return []
        except (OSError, ValueError, struct.error) as error:
            raise DeviceError(f"arm {self._name!r}", f"the connection is lost ({error})") from error

    def send(self, values: Sequence[float]) -> None:
        """Write the variables of the input recipe.

        Raises:
            DeviceError: If the connection is lost.
        """
        data = bytes([self._input_id]) + pack_values(self._input_types, values)
        try:
            self._socket.sendall(pack(Kind.DATA, data))
        except OSError as error:
            raise DeviceError(f"arm {self._name!r}", f"the connection is lost ({error})") from error

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
