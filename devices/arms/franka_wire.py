"""What the device process and the 1 kHz loop of a Franka arm say to each other, over one local socket of messages.

Used by `franka` (device process) and `franka_process` (the loop). An end of the stream ends motion and the loop.
"""

from __future__ import annotations

import socket

import msgspec

MOST_BYTES = 65536


class Start(msgspec.Struct, frozen=True, tag=True):
    """To the loop: let the arm follow targets from now on."""


class Target(msgspec.Struct, frozen=True, tag=True):
    """To the loop: pose (7,) to go on towards, m and quaternion w x y z, base frame."""

    pose: tuple[float, ...]


class Finish(msgspec.Struct, frozen=True, tag=True):
    """To the loop: come to rest and let go."""


class Measured(msgspec.Struct, frozen=True, tag=True):
    """To the device process: one state.

    Attributes:
        joints: Angles, then speeds (14,), rad and rad/s.
        pose: Matrix (16,) of the end effector in the base frame, column by column.
        wrench: Estimated external wrench (6,) on the stiffness frame K, in K's directions, N and N·m.
        stiffness: Matrix (16,) of K in the end effector's frame, column by column.
        mode: Name of the arm's mode: "Idle", "Move", "Reflex", "UserStopped", …
        following: Whether it follows targets.
    """

    joints: tuple[float, ...]
    pose: tuple[float, ...]
    wrench: tuple[float, ...]
    stiffness: tuple[float, ...]
    mode: str
    following: bool


class Ended(msgspec.Struct, frozen=True, tag=True):
    """To the device process: motion has ended, or (`lost`) the connection; `why` is the rest of a sentence."""

    why: str
    lost: bool


ToLoop = Start | Target | Finish
FromLoop = Measured | Ended


def send(channel: socket.socket, message: ToLoop | FromLoop) -> bool:
    """Send one message; returns False if the other end is gone or does not listen."""
    try:
        channel.send(msgspec.msgpack.encode(message))
    except OSError:
        return False
    return True


def receive(channel: socket.socket) -> bytes:
    """Return one message, to be decoded as `ToLoop` or `FromLoop`.

    Raises:
        EOFError: If the other end is gone.
        TimeoutError, BlockingIOError: If nothing came.
    """
    try:
        data = channel.recv(MOST_BYTES)
    except ConnectionError as error:
        raise EOFError from error
    if not data:
        raise EOFError
    return data
