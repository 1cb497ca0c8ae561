"""A Universal Robots controller: RTDE on port 30004 and its script port 30002, on a loopback address of its own.

It does not run URScript: it takes the arrival of our program as its start, and then follows the target registers as the
program would, with the controller's watchdog on the heartbeat register.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

FORMATS = {"VECTOR6D": "6d", "INT32": "i", "DOUBLE": "d"}
WATCHDOG_S = 0.5  # a controller takes 0.1 s; a busy test machine needs more
FOLLOW = 0.3  # share of the way to the target in one period


def type_of(variable: str) -> str:
    if variable.startswith("actual_"):
        return "VECTOR6D"
    if "int_register" in variable or variable == "safety_mode":
        return "INT32"
    return "DOUBLE" if "double_register" in variable else "NOT_FOUND"


class Controller(threading.Thread):
    """Attributes:
    pose: x y z and rotation vector, base frame.
    force: Wrench (6,) at the TCP, in the directions of the base.
    registers: What was written to the input registers.
    program: Text of the last program that came; `running` whether it runs.
    """

    def __init__(self) -> None:
        super().__init__(name="ur-double")
        pid = os.getpid()
        self.host = f"127.{1 + pid % 200}.{pid // 200 % 250}.{1 + pid // 50000 % 250}"
        self.pose = np.array([0.4, 0.1, 0.3, np.pi, 0.0, 0.0])
        self.force, self.safety, self.running, self.refuse_program = np.zeros(6), 1, False, False
        self.registers: dict[str, float] = {}
        self.program = ""
        self.silent, self.hang_up = threading.Event(), threading.Event()
        self._closing = False
        self._rtde, self._script = self._listen(30004), self._listen(30002)
        self._clients: dict[socket.socket, Client] = {}
        self._last_input_s = 0.0
        self._rng = np.random.default_rng(0)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, port))
        listener.listen()
        return listener

    def close(self) -> None:
        self._closing = True
        self.join()

    def run(self) -> None:
        scripts: list[socket.socket] = []
        next_s = time.monotonic()
        while not self._closing:
            sockets = [self._rtde, self._script, *scripts, *self._clients]
            ready, _, _ = select.select(sockets, [], [], max(0.0, next_s - time.monotonic()))
            for item in ready:
                if item is self._rtde:
                    connection = item.accept()[0]
                    self._clients[connection] = Client(connection)
                elif item is self._script:
                    scripts.append(item.accept()[0])
                elif item in scripts:
                    self._take_script(item, scripts)
                else:
                    self._hear(item)
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + 1.0 / 125.0
                self._step()
        for item in (self._rtde, self._script, *scripts, *self._clients):
            item.close()

    def _take_script(self, item: socket.socket, scripts: list[socket.socket]) -> None:
        data = item.recv(65536)
        if data:
            self.program += data.decode()
        else:
            item.close()
            scripts.remove(item)
            self.running = not self.refuse_program
            self._last_input_s = time.monotonic()

    def _hear(self, item: socket.socket) -> None:
        try:
            data = item.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            item.close()
            del self._clients[item]
            return
        for values in self._clients[item].hear(data):
            self.registers.update(values)
            self._last_input_s = time.monotonic()

    def _step(self) -> None:
        if self.hang_up.is_set():
            for item in list(self._clients):
                item.close()
            self._clients.clear()
            return
        late = time.monotonic() - self._last_input_s > WATCHDOG_S
        if late or self.safety > 2 or self.registers.get("input_int_register_25") != 1:
            self.running = False
        if self.running:
            target = np.array([self.registers[f"input_double_register_{24 + axis}"] for axis in range(6)])
            self.pose = self.pose + FOLLOW * (target - self.pose)
        if not self.silent.is_set():
            for client in self._clients.values():
                client.publish(self._value)

    def _value(self, variable: str) -> Any:
        noise = self._rng.standard_normal(6) * 0.01
        return {
            "actual_q": np.array([0.1, -1.2, 1.3, -1.4, -1.5, 0.6]), "actual_qd": np.zeros(6),
            "actual_TCP_pose": self.pose, "actual_TCP_speed": np.zeros(6), "actual_TCP_force": self.force + noise,
            "safety_mode": [self.safety], "output_int_register_24": [int(self.running)],
        }[variable]  # fmt: skip


class Client:
    """One RTDE connection of the controller."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._buffer = connection, b""
        self._outputs: list[str] = []
        self._inputs: list[str] = []
        self._started = False

    def hear(self, data: bytes) -> list[dict[str, float]]:
        """Answer what came; return what was written to registers."""
        self._buffer += data
        written = []
        while len(self._buffer) >= 3:
            size, kind = struct.unpack("!HB", self._buffer[:3])
            if len(self._buffer) < size:
                break
            payload, self._buffer = self._buffer[3:size], self._buffer[size:]
            if chr(kind) == "U":
                form = "!" + "".join(FORMATS[type_of(name)] for name in self._inputs)
                written.append(dict(zip(self._inputs, struct.unpack(form, payload[1:]), strict=True)))
            else:
                self._answer(chr(kind), payload)
        return written

    def _answer(self, kind: str, payload: bytes) -> None:
        reply = b"\x01"
        if kind == "O":
            self._outputs = payload[8:].decode().split(",")
            reply += ",".join(type_of(name) for name in self._outputs).encode()
        elif kind == "I":
            self._inputs = payload.decode().split(",")
            reply += ",".join(type_of(name) for name in self._inputs).encode()
        elif kind == "S":
            self._started = True
        self._send(kind, reply)

    def publish(self, value_of: Any) -> None:
        if self._started:
            packed = [struct.pack("!" + FORMATS[type_of(name)], *value_of(name)) for name in self._outputs]
            self._send("U", b"\x01" + b"".join(packed))

    def _send(self, kind: str, payload: bytes) -> None:
        try:
            self._connection.sendall(struct.pack("!HB", len(payload) + 3, ord(kind)) + payload)
        except OSError:
            self._started = False  # it hung up; the next read finds that out


@contextmanager
def ur_controller() -> Iterator[tuple[dict[str, Any], Controller]]:
    """Yield the options of a rig file, and the controller behind them."""
    controller = Controller()
    controller.start()
    try:
        yield {"host": controller.host}, controller
    finally:
        controller.close()
