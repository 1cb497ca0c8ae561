"""A chain of Dynamixel servos on a pseudo-terminal: Protocol 2.0 with its own check sums, ping, read and sync read."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import struct
import threading
import tty

HEADER = b"\xff\xff\xfd\x00"
PING, READ, STATUS, SYNC_READ = 0x01, 0x02, 0x55, 0x82
POSITION = 132


def crc16(data: bytes) -> int:
    """CRC-16 with the polynomial 0x8005, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x8005 if value & 0x8000 else value << 1) & 0xFFFF
    return value


class ServoDouble:
    """Servos that stand where the test puts them.

    Attributes:
        port: Path of the terminal that a driver opens.
        steps: Position of each servo by number; one that is taken out answers no more.
        heard: How many packets came with a right check sum.
    """

    def __init__(self, steps: dict[int, int]) -> None:
        self.steps, self.heard = dict(steps), 0
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.port = os.ttyname(theirs)
        self._theirs: int | None = theirs
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="servos")
        self._thread.start()

    def _serve(self) -> None:
        pending = b""
        while self._open:
            if not select.select([self._ours], [], [], 0.02)[0]:
                continue
            with contextlib.suppress(OSError):
                pending += os.read(self._ours, 4096)
            while (start := pending.find(HEADER)) >= 0 and len(pending) >= start + 7:
                (length,) = struct.unpack_from("<H", pending, start + 5)
                end = start + 7 + length
                if len(pending) < end:
                    break
                self._answer(pending[start:end])
                pending = pending[end:]

    def _answer(self, packet: bytes) -> None:
        if crc16(packet[:-2]) != struct.unpack("<H", packet[-2:])[0]:
            return
        self.heard += 1
        number, instruction, parameters = packet[4], packet[7], packet[8:-2]
        if instruction == PING and number in self.steps:
            self._status(number, struct.pack("<HB", 1200, 50))
        elif instruction == SYNC_READ:
            address, size = struct.unpack_from("<HH", parameters)
            assert (address, size) == (POSITION, 4)
            for asked in parameters[4:]:
                if asked in self.steps:
                    self._status(asked, struct.pack("<i", self.steps[asked]))

    def _status(self, number: int, parameters: bytes) -> None:
        body = HEADER + struct.pack("<BHBB", number, len(parameters) + 4, STATUS, 0) + parameters
        os.write(self._ours, body + struct.pack("<H", crc16(body)))

    def close(self) -> None:
        """Pull the plug."""
        if self._open:
            self._open = False
            self._thread.join()
            os.close(self._ours)
            if self._theirs is not None:
                os.close(self._theirs)
