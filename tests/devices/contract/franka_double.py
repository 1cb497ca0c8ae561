"""A Franka arm's control interface (FCI, version 10 as libfranka 0.21 speaks it), on a loopback address of its own.

Commands on TCP 1337: command u32, id u32, size u32 (with these twelve bytes), then the payload. States and commands of
a motion go over UDP, packed, little-endian. States come at 500 Hz here instead of 1000, to spare the test machine.
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

CONNECT, MOVE, STOP_MOVE, ROBOT_MODEL = 0, 1, 2, 11
SUCCESS, STARTED, REFLEX_ABORTED = 0, 1, 8  # answers to a move
IDLE, MOVING, REFLEX, USER_STOPPED = 1, 2, 4, 5  # modes of the arm
CARTESIAN_POSITION, NO_GENERATOR = 3, 0
CARTESIAN_IMPEDANCE, OTHER_CONTROLLER = 1, 3
FLOATS = (
    ("O_T_EE", 16), ("O_T_EE_d", 16), ("F_T_EE", 16), ("EE_T_K", 16), ("F_T_NE", 16), ("NE_T_EE", 16), ("m_ee", 1),
    ("I_ee", 9), ("F_x_Cee", 3), ("m_load", 1), ("I_load", 9), ("F_x_Cload", 3), ("elbow", 2), ("elbow_d", 2),
    ("tau_J", 7), ("tau_J_d", 7), ("dtau_J", 7), ("q", 7), ("q_d", 7), ("dq", 7), ("dq_d", 7), ("ddq_d", 7),
    ("joint_contact", 7), ("cartesian_contact", 6), ("joint_collision", 7), ("cartesian_collision", 6),
    ("tau_ext_hat_filtered", 7), ("O_F_ext_hat_K", 6), ("K_F_ext_hat_K", 6), ("O_dP_EE_d", 6), ("O_ddP_O", 3),
    ("elbow_c", 2), ("delbow_c", 2), ("ddelbow_c", 2), ("O_T_EE_c", 16), ("O_dP_EE_c", 6), ("O_ddP_EE_c", 6),
    ("theta", 7), ("dtheta", 7),
)  # fmt: skip
UNKNOWN_BYTES = (
    144  # between the last joint value and the modes; an arm without a mobile base is read without them
)
ERRORS = 41
JOINT = (
    '<joint name="fr3_joint{0}" type="revolute"><limit effort="87" lower="-2.7" upper="2.7" velocity="2.6"/>'
    '<position_based_velocity_limits velocity_offset="0.3" deceleration_limit="6"/></joint>'
)
URDF = ('<robot name="fr3">' + "".join(JOINT.format(n) for n in range(1, 8)) + "</robot>").encode()
COMMAND_BYTES = 371
LOST_S = 0.5  # an arm takes 20 ms; a busy test machine needs more


class Controller(threading.Thread):
    """Attributes:
    matrix: Pose of the end effector in the base (4, 4); `stiffness` of K in the end effector's frame.
    force: Estimated wrench (6,) on K.
    mode: Of the arm; `error` index of the error that a reflex tells.
    commands: Poses (16,) that came, one by one.
    hang_up: Closes every connection. `silent`: no states.
    """

    def __init__(self) -> None:
        super().__init__(name="franka-double")
        pid = os.getpid()
        self.host = f"127.{1 + pid % 200}.{pid // 200 % 250}.{1 + pid // 50000 % 250}"
        self.matrix, self.stiffness, self.force = np.diag([1.0, -1.0, -1.0, 1.0]), np.eye(4), np.zeros(6)
        self.matrix[:3, 3] = [0.4, 0.05, 0.35]
        self.mode, self.error = IDLE, 0
        self.commands: list[np.ndarray] = []
        self.hang_up, self.silent = threading.Event(), threading.Event()
        self.wish_reflex = -1  # set to the index of an error to stop by it
        self._closing = False
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.host, 1337))
        self._listener.listen()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((self.host, 0))
        self._client: socket.socket | None = None
        self._client_udp: tuple[str, int] | None = None
        self._buffer, self._count, self._move = b"", 0, -1
        self._heard_s = 0.0
        self._rng = np.random.default_rng(0)

    @property
    def moving(self) -> bool:
        return self._move >= 0

    def close(self) -> None:
        self._closing = True
        self.join()

    def run(self) -> None:
        next_s = time.monotonic()
        while not self._closing:
            items = [self._listener, self._udp, *([self._client] if self._client else [])]
            for item in select.select(items, [], [], max(0.0, next_s - time.monotonic()))[0]:
                if item is self._listener:
                    self._client, self._buffer = item.accept()[0], b""
                elif item is self._udp:
                    self._take_command()
                else:
                    self._hear()
            if time.monotonic() >= next_s:
                next_s = max(next_s + 0.002, time.monotonic() - 0.01)
                self._step()
        self._drop()
        self._listener.close()
        self._udp.close()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client, self._client_udp = None, None
        if self.moving:
            self._move, self.mode = -1, IDLE

    def _hear(self) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._drop()
            return
        self._buffer += data
        while len(self._buffer) >= 12:
            command, number, size = struct.unpack("<III", self._buffer[:12])
            if len(self._buffer) < size:
                return
            payload, self._buffer = self._buffer[12:size], self._buffer[size:]
            self._answer(command, number, payload)

    def _answer(self, command: int, number: int, payload: bytes) -> None:
        if command == CONNECT:
            version, port = struct.unpack("<HH", payload)
            assert self._client is not None
            self._client_udp = (self._client.getpeername()[0], port)
            self._reply(command, number, struct.pack("<BH", SUCCESS, version))
        elif command == ROBOT_MODEL:
            self._reply(command, number, bytes([SUCCESS]) + URDF)
        elif command == MOVE:
            controller, generator = struct.unpack("<II", payload[:8])
            assert (controller, generator) == (1, 2)  # Cartesian impedance, Cartesian position
            self._move, self.mode, self._heard_s = number, MOVING, time.monotonic()
            self._reply(command, number, bytes([STARTED]))
        elif command == STOP_MOVE:
            self._reply(command, number, bytes([SUCCESS]))
            self._end_move(IDLE, 2)
        else:
            raise AssertionError(f"command {command}")

    def _reply(self, command: int, number: int, payload: bytes) -> None:
        if self._client is not None:
            self._client.sendall(struct.pack("<III", command, number, 12 + len(payload)) + payload)

    def _end_move(self, mode: int, status: int) -> None:
        if self.moving:
            number, self._move = self._move, -1
            self.mode = mode
            self._send_state()
            self._reply(MOVE, number, bytes([status]))

    def _take_command(self) -> None:
        data = self._udp.recv(2048)
        assert len(data) == COMMAND_BYTES
        if self.moving:
            self._heard_s = time.monotonic()
            pose = np.array(struct.unpack_from("<16d", data, 8 + 14 * 8))
            self.commands.append(pose)
            self.matrix = pose.reshape(4, 4).T
            if data[8 + 38 * 8 + 1]:  # the motion is finished
                self._end_move(IDLE, SUCCESS)

    def _step(self) -> None:
        if self.hang_up.is_set():
            self._drop()
            return
        if self.moving and time.monotonic() - self._heard_s > LOST_S and not self.silent.is_set():
            self.wish_reflex = self.error
        if self.wish_reflex >= 0:
            self.error, self.wish_reflex = self.wish_reflex, -1
            if self.moving:
                self._end_move(REFLEX, REFLEX_ABORTED)
            self.mode = REFLEX
        self._send_state()

    def _send_state(self) -> None:
        if self._client_udp is None or self.silent.is_set():
            return
        self._count += 2
        columns = self.matrix.T.ravel()
        shown = {
            "O_T_EE": columns, "O_T_EE_d": columns, "O_T_EE_c": columns, "EE_T_K": self.stiffness.T.ravel(),
            "K_F_ext_hat_K": self.force + self._rng.standard_normal(6) * 0.01, "q": np.linspace(0.1, 0.7, 7),
        }  # fmt: skip
        values = np.concatenate([shown.get(name, np.zeros(size)) for name, size in FLOATS]).astype("<f4")
        modes = (CARTESIAN_POSITION, CARTESIAN_IMPEDANCE) if self.moving else (NO_GENERATOR, OTHER_CONTROLLER)
        errors = bytes(int(self.mode == REFLEX and n == self.error) for n in range(ERRORS))
        data = struct.pack("<Q", self._count) + values.tobytes() + bytes(UNKNOWN_BYTES) + bytes(modes)
        data += errors + errors + bytes([self.mode]) + struct.pack("<f", 1.0)
        self._udp.sendto(data, self._client_udp)


@contextmanager
def franka_controller() -> Iterator[tuple[dict[str, Any], Controller]]:
    """Yield the options of a rig file, and the controller behind them."""
    controller = Controller()
    controller.start()
    try:
        yield {"host": controller.host}, controller
    finally:
        controller.close()
