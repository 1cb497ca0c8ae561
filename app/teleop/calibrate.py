"""Role `leader`: find the offsets of a leader arm, and keep them in its file.

The person holds the leader in a posture whose joints are known, the arm's home by default. The offset of each joint is
what its servo reads there; servo horns sit in quarter turns, so that it is rounded to those unless `--exact` is given,
and a hand that holds the posture badly does no harm.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.teleop.chains import CHAINS, chain_of
from devices.inputs.dynamixel import ServoChain
from devices.inputs.leader_file import LeaderFile, leader_path, save_leader

# Posture to hold, rad, and the usual sense of the servos of a leader built after GELLO.
HOMES: dict[str, tuple[float, ...]] = {
    "panda": (0.0, 0.0, 0.0, -math.pi / 2, 0.0, math.pi / 2, 0.0),
    "ur": (0.0, -math.pi / 2, math.pi / 2, -math.pi / 2, -math.pi / 2, 0.0),
}
SIGNS: dict[str, tuple[float, ...]] = {"panda": (1, -1, 1, 1, 1, -1, 1), "ur": (1, 1, -1, 1, 1, 1)}
TRIGGER_RAD = 0.73  # from open to closed, 42 degrees
READS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `leader`."""
    parser.add_argument("port", help="its serial port, best /dev/serial/by-id/…")
    parser.add_argument("--arm", required=True, choices=list(CHAINS), help="the arm that it is built after")
    parser.add_argument(
        "--posture", default="", help="the joints that it is held in, degrees, with commas between"
    )
    parser.add_argument("--signs", default="", help="1 or -1 for each joint, with commas between")
    parser.add_argument("--ids", default="", help="numbers of the servos, base first; 1,2,3,… by default")
    parser.add_argument(
        "--gripper", type=int, default=0, help="number of the trigger's servo, held open; 0: none"
    )
    parser.add_argument("--baud", type=int, default=57600)
    parser.add_argument("--exact", action="store_true", help="do not round offsets to quarter turns")
    parser.add_argument("--out", type=Path, default=None, help="file; the one of the port by default")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read the servos in the held posture and write the file; returns it and how far the posture was off."""
    link = ChildLink("leader", args.hub, args.run_id)
    try:
        family = "panda" if args.arm == "panda" else "ur"
        count = chain_of(args.arm).joints
        posture = np.radians(_numbers("--posture", args.posture, np.degrees(HOMES[family]), count))
        signs = _numbers("--signs", args.signs, np.array(SIGNS[family]), count)
        ids = tuple(int(number) for number in _numbers("--ids", args.ids, np.arange(1, count + 1), count))
        servos = (*ids, args.gripper) if args.gripper else ids
        chain = ServoChain(args.port, servos, args.baud)
        try:
            angles = np.median([chain.angles() for _ in range(READS)], axis=0)
        finally:
            chain.close()
        exact = angles[:count] - signs * posture
        offsets = exact if args.exact else np.round(exact / (math.pi / 2)) * (math.pi / 2)
        opened = float(angles[-1]) if args.gripper else 0.0
        made = LeaderFile(
            args.arm, ids, tuple(map(float, signs)), tuple(map(float, offsets)), args.baud, args.gripper, opened,
            opened - TRIGGER_RAD if args.gripper else 0.0,
        )  # fmt: skip
        path = args.out or leader_path(args.port)
        save_leader(path, made)
    finally:
        link.close()
    off = np.degrees(np.abs(exact - offsets)).tolist()
    return {"file": str(path), "off_deg": [round(angle, 1) for angle in off]}


def _numbers(name: str, text: str, plain: np.ndarray, count: int) -> np.ndarray:
    if not text:
        return np.asarray(plain, dtype=np.float64)
    try:
        numbers = np.array([float(word) for word in text.split(",")])
    except ValueError:
        numbers = np.zeros(0)
    if (
        len(numbers) != count
        or not np.isfinite(numbers).all()
        or (name == "--signs" and (abs(numbers) != 1).any())
    ):
        what = "1 or -1" if name == "--signs" else "a number"
        raise UsageError(f"{name} {text!r}", f"it takes {count} times {what}, with commas between")
    return numbers
