"""A UFACTORY controller: its private Modbus-like protocol on TCP 502, its 100 Hz report on TCP 30003, on a loopback
address of its own. The maker's own SDK connects to it.

Request: transaction u16, protocol u16, length u16, function u8, payload. Answer: the same with a status byte before the
payload (0x40 error, 0x20 warning, 0x10 not ready). All heads big-endian, floats little-endian.
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

import mujoco
import numpy as np
import pytest

VERSION = b"7,7,XS1302,AC1303,v2.6.0".ljust(40, b"\0")
GET_VERSION, MOTION_EN, SET_STATE, GET_STATE, GET_ERROR, SET_MODE = 1, 11, 12, 13, 15, 19
SERVO_CART_AA, FT_ENABLE = 93, 201
FOLLOW = 0.5  # share of the way to the set-point in one period of 10 ms


class Controller(threading.Thread):
    """Attributes:
    position_mm, quaternion: Where the TCP is.
    force: What its force-torque sensor shows (6,); `sensing` whether that was switched on.
    state: 2 ready, 4 stopped; `mode` 1 servo; `error` the code.
    silent: No reports, no answers; `mute` no answers; `hang_up` closes every connection.
    targets: Set-points that came.
    """

    def __init__(self) -> None:
        super().__init__(name="xarm-double")
        pid = os.getpid()
        self.host = f"127.{1 + pid % 200}.{pid // 200 % 250}.{1 + pid // 50000 % 250}"
        self.position_mm, self.quaternion = np.array([300.0, 20.0, 250.0]), np.array([0.0, 1.0, 0.0, 0.0])
        self.force, self.sensing = np.zeros(6), False
        self.state, self.mode, self.error = 4, 0, 0
        self.targets: list[np.ndarray] = []
        self.silent, self.mute, self.hang_up = threading.Event(), threading.Event(), threading.Event()
        self._goal: tuple[np.ndarray, np.ndarray] | None = None
        self._closing = False
        self._commands, self._reports = self._listen(502), self._listen(30003)
        self._clients: dict[socket.socket, bytes] = {}
        self._listeners: list[socket.socket] = []
        self._rng = np.random.default_rng(0)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, port))
        except PermissionError:
            listener.close()
            pytest.skip(f"this user may not serve TCP {port}, where the arm's SDK looks for it")
        listener.listen()
        return listener

    def close(self) -> None:
        self._closing = True
        self.join()

    def run(self) -> None:
        next_s = time.monotonic()
        while not self._closing:
            sockets = [self._commands, self._reports, *self._clients]
            for item in select.select(sockets, [], [], max(0.0, next_s - time.monotonic()))[0]:
                if item is self._commands:
                    self._clients[item.accept()[0]] = b""
                elif item is self._reports:
                    self._listeners.append(item.accept()[0])
                else:
                    self._hear(item)
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + 0.01
                self._step()
        self._drop()
        self._commands.close()
        self._reports.close()

    def _drop(self) -> None:
        for item in (*self._clients, *self._listeners):
            item.close()
        self._clients.clear()
        self._listeners.clear()

    def _hear(self, item: socket.socket) -> None:
        try:
            data = item.recv(65536)
        except OSError:
            data = b""
        if not data:
            item.close()
            del self._clients[item]
            return
        buffer = self._clients[item] + data
        while len(buffer) >= 6 and len(buffer) >= (size := 6 + struct.unpack("!H", buffer[4:6])[0]):
            request, buffer = buffer[:size], buffer[size:]
            answer = self._act(request[6], request[7:])
            if not (self.mute.is_set() or self.silent.is_set()):
                status = (0x40 if self.error else 0) | (0x10 if self.state in (4, 5) else 0)
                body = bytes([request[6], status]) + answer
                item.sendall(request[:4] + struct.pack("!H", len(body)) + body)
        self._clients[item] = buffer

    def _act(self, function: int, payload: bytes) -> bytes:
        if function == GET_VERSION:
            return VERSION
        if function == GET_STATE:
            return bytes([self.state])
        if function == GET_ERROR:
            return bytes([self.error, 0])
        if function == SET_STATE:
            self.state = 2 if payload[0] == 0 and not self.error else 4
        if function == SET_MODE:
            self.mode, self.state, self._goal = payload[0], 4, None
        if function == FT_ENABLE:
            self.sensing = bool(payload[0])
        if function == SERVO_CART_AA and self.state == 2 and self.mode == 1:
            values = np.array(struct.unpack("<6f", payload[:24]), dtype=np.float64)
            goal = np.zeros(4)
            angle = float(np.linalg.norm(values[3:]))
            mujoco.mju_axisAngle2Quat(goal, values[3:] / max(angle, 1e-12), angle)
            self._goal = (values[:3], goal)
            self.targets.append(values)
        return b""

    def fail(self, code: int) -> None:
        self.error, self.state, self._goal = code, 4, None

    def _step(self) -> None:
        if self.hang_up.is_set():
            self._drop()
            return
        if self._goal is not None and self.state == 2:
            self.position_mm = self.position_mm + FOLLOW * (self._goal[0] - self.position_mm)
            self.quaternion = self._goal[1]
        if not self.silent.is_set():
            report = self._report()
            for item in list(self._listeners):
                try:
                    item.sendall(report)
                except OSError:
                    self._listeners.remove(item)
                    item.close()

    def _report(self) -> bytes:
        shown = self.force + self._rng.standard_normal(6) * 0.01 if self.sensing else np.zeros(6)
        rotation = np.zeros(9)
        mujoco.mju_quat2Mat(rotation, self.quaternion)
        floats = [*np.linspace(0.1, 0.7, 7), *self.position_mm, *to_rpy(rotation.reshape(3, 3)), *np.zeros(7),
                  *shown, *shown]  # fmt: skip
        body = struct.pack("!BH", self.state | self.mode << 4, 0) + struct.pack("<32f", *floats)
        return struct.pack("!I", len(body) + 4) + body


def to_rpy(rotation: np.ndarray) -> tuple[float, float, float]:
    """Return roll, pitch, yaw of a matrix: Rz(yaw)·Ry(pitch)·Rx(roll), as the maker's manual defines them."""
    return (
        float(np.arctan2(rotation[2, 1], rotation[2, 2])),
        float(-np.arcsin(np.clip(rotation[2, 0], -1.0, 1.0))),
        float(np.arctan2(rotation[1, 0], rotation[0, 0])),
    )


@contextmanager
def xarm_controller() -> Iterator[tuple[dict[str, Any], Controller]]:
    """Yield the options of a rig file, and the controller behind them."""
    controller = Controller()
    controller.start()
    try:
        yield {"host": controller.host}, controller
    finally:
        controller.close()
