"""Joint angles of a chain of Dynamixel servos: Protocol 2.0 over a serial port, by the maker's SDK.

Only reading: no torque is switched on, nothing is written to the servos. Addresses are those of the X series.
(ROBOTIS, "DYNAMIXEL Protocol 2.0" and the control tables of XL330 and XL430.)
"""

from __future__ import annotations

import importlib
import math
from importlib.util import find_spec
from typing import Any

import numpy as np

from app.core.errors import DeviceError
from devices.parts.extras import install_command

PRESENT_POSITION, POSITION_BYTES = 132, 4
STEPS = 4096  # of a turn
TRIES = 5  # of the first question to each servo; a busy machine may miss an answer
WAIT_S = 0.002  # a read of the port waits so long for a byte; without it the SDK spins

GONE: tuple[type[Exception], ...] = (
    OSError,
    TypeError,
)  # pyserial meets a port that is gone in any of these ways
if find_spec("termios") is not None:
    GONE = (*GONE, importlib.import_module("termios").error)


class ServoChain:
    """Servos on one serial port.

    Args:
        port: /dev/serial/by-id/… or another serial port.
        ids: Numbers of the servos, in the order of the joints.
        baud: Bits per second, as the servos are set.

    Raises:
        DeviceError: If the SDK is missing, the port cannot be opened, or a servo does not answer.
    """

    def __init__(self, port: str, ids: tuple[int, ...], baud: int) -> None:
        sdk = _sdk()
        self._name, self._ids, self._sdk = f"leader on {port}", ids, sdk
        self._port = sdk.PortHandler(port)
        try:
            opened = self._port.openPort() and self._port.setBaudRate(baud)
        except OSError as error:
            raise DeviceError(
                self._name, f"it cannot be opened ({error})",
                way_out="Plug it in, and let your user open it (the group `dialout`)",
            ) from error  # fmt: skip
        if not opened:
            raise DeviceError(self._name, f"the port does not take {baud} bits per second")
        self._port.ser.timeout = WAIT_S
        self._packets = sdk.PacketHandler(2.0)
        self._read = sdk.GroupSyncRead(self._port, self._packets, PRESENT_POSITION, POSITION_BYTES)
        try:
            self._find()
        except DeviceError:
            self.close()
            raise

    def _find(self) -> None:
        for number in self._ids:
            for _ in range(TRIES):
                _, result, _ = self._packets.ping(self._port, number)
                if result == self._sdk.COMM_SUCCESS:
                    break
            if result != self._sdk.COMM_SUCCESS:
                raise DeviceError(
                    self._name, f"servo {number} does not answer ({self._packets.getTxRxResult(result)})",
                    way_out="Look at its power and cable, and at `ids` and `baud` in the leader's file",
                )  # fmt: skip
            self._read.addParam(number)

    def angles(self) -> np.ndarray:
        """Return the angle of each servo (n,), rad; several turns are counted on.

        Raises:
            DeviceError: If a servo does not answer.
        """
        try:
            result = self._read.txRxPacket()
        except GONE as error:
            self._port.is_using = False  # the SDK left it taken
            raise DeviceError(self._name, f"it is gone ({error})", way_out="Plug it in again") from error
        if result != self._sdk.COMM_SUCCESS:
            raise DeviceError(self._name, f"no answer ({self._packets.getTxRxResult(result).strip('[] ')})")
        steps = [self._read.getData(number, PRESENT_POSITION, POSITION_BYTES) for number in self._ids]
        signed = np.array(steps, dtype=np.uint32).astype(np.int32)
        return signed * (2.0 * math.pi / STEPS)

    def close(self) -> None:
        """Close the port."""
        if self._port.is_open:
            self._port.closePort()


def _sdk() -> Any:
    try:
        return importlib.import_module("dynamixel_sdk")
    except ImportError as error:
        raise DeviceError(
            "leader", "the package dynamixel-sdk is missing",
            way_out=f"Install it: `{install_command('leader')}`",
        ) from error  # fmt: skip
