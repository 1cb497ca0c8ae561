"""The program that a Universal Robots controller runs to follow our targets, and how it gets there.

It reads the target from input registers that RTDE writes. The controller's own watchdog stops it when the heartbeat
register is written less often than ten times a second, so that nothing here must be alive for the arm to stop.
"""

from __future__ import annotations

import socket

from app.core.errors import DeviceError

SCRIPT_PORT = 30002
HEARTBEAT, RUN, STATE = "input_int_register_24", "input_int_register_25", "output_int_register_24"
TARGET = tuple(f"input_double_register_{24 + axis}" for axis in range(6))
RUNNING = 1


def program(step_s: float, lookahead_s: float, gain: float, farthest_m: float) -> str:
    """Return the URScript program.

    Args:
        step_s: How long each servo step takes.
        farthest_m: A target farther than this from the measured pose ends the program.
    """
    target = ", ".join(f"read_input_float_register({24 + axis})" for axis in range(6))
    lines = [
        "def touchstone():",
        f'  rtde_set_watchdog("{HEARTBEAT}", 10, "stop")',
        f"  write_output_integer_register(24, {RUNNING})",
        "  going = True",
        "  while going and read_input_integer_register(25) == 1:",
        f"    target = p[{target}]",
        f"    if point_dist(target, get_actual_tcp_pose()) < {farthest_m:g}:",
        "      joints = get_inverse_kin(target, get_actual_joint_positions())",
        f"      servoj(joints, t={step_s:g}, lookahead_time={lookahead_s:g}, gain={gain:g})",
        "    else:",
        "      going = False",
        "    end",
        "  end",
        "  stopj(4.0)",
        "  write_output_integer_register(24, 0)",
        "end",
    ]
    return "\n".join(lines) + "\n"


def upload(name: str, host: str, text: str, timeout_s: float) -> None:
    """Send a program; the controller starts it at once.

    Raises:
        DeviceError: If it cannot be sent.
    """
    try:
        with socket.create_connection((host, SCRIPT_PORT), timeout_s) as connection:
            connection.sendall(text.encode("ascii"))
    except OSError as error:
        raise DeviceError(
            f"arm {name!r}", f"its program cannot be sent to {host}:{SCRIPT_PORT} ({error})",
            way_out="Put the controller into remote control",
        ) from error  # fmt: skip
