"""What is known of one leader: its servos, and how their angles become the arm's. A small TOML file each."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import numpy as np

from app.core.errors import DeviceError
from app.core.project import config_folder


class LeaderFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One leader.

    Attributes:
        arm: The arm it is built after, a name of `app.teleop.chains.CHAINS`.
        ids: Numbers of the servos, base first.
        signs: 1 or −1 for each: whether the servo turns as the arm's joint does.
        offsets: rad; joint = sign · (servo − offset).
        baud: Bits per second.
        gripper: Number of the servo of the trigger; 0 for none.
        gripper_open, gripper_closed: Its angle at either end, rad.
    """

    arm: str
    ids: tuple[int, ...]
    signs: tuple[float, ...]
    offsets: tuple[float, ...]
    baud: int = 57600
    gripper: int = 0
    gripper_open: float = 0.0
    gripper_closed: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not self.ids or not len(self.ids) == len(self.signs) == len(self.offsets):
            raise ValueError("ids, signs and offsets must be of the same length")
        if any(abs(sign) != 1.0 for sign in self.signs):
            raise ValueError("signs are 1 or -1")
        if not np.isfinite([*self.offsets, self.gripper_open, self.gripper_closed]).all():
            raise ValueError("angles must be numbers")
        if self.gripper and self.gripper_open == self.gripper_closed:
            raise ValueError("gripper_open and gripper_closed must differ")

    @property
    def servos(self) -> tuple[int, ...]:
        """Numbers of all servos, the trigger last."""
        return (*self.ids, self.gripper) if self.gripper else self.ids

    def joints(self, angles: np.ndarray) -> np.ndarray:
        """Return the arm's joints (n,) for the servos' angles, rad."""
        count = len(self.ids)
        return np.asarray(np.array(self.signs) * (angles[:count] - np.array(self.offsets)))

    def opening(self, angles: np.ndarray) -> float | None:
        """Return how far the trigger lets the gripper open, 0..1; None without one."""
        if not self.gripper:
            return None
        share = (float(angles[-1]) - self.gripper_closed) / (self.gripper_open - self.gripper_closed)
        return min(max(share, 0.0), 1.0)


def leader_path(port: str) -> Path:
    """Return where the file of the leader on a port is kept."""
    return config_folder() / "leaders" / f"{Path(port).name}.toml"


def load_leader(path: Path) -> LeaderFile:
    """Return what a leader's file says.

    Raises:
        DeviceError: If it is missing or says nothing usable.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), LeaderFile)
    except FileNotFoundError as error:
        raise DeviceError(
            "leader", f"it was not calibrated ({path} is missing)",
            way_out="Hold it in the arm's home posture and run `python main.py leader PORT --arm ARM`",
        ) from error  # fmt: skip
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DeviceError(
            f"leader file {path}", str(error), way_out="Correct it, or calibrate the leader anew"
        ) from error


def save_leader(path: Path, leader: LeaderFile) -> None:
    """Write a leader's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["# Made by `python main.py leader`. joint = sign * (servo - offset), angles in rad."]
    for name, value in msgspec.to_builtins(leader).items():
        if isinstance(value, str):
            lines.append(f'{name} = "{value}"')
        elif isinstance(value, (list, tuple)):
            lines.append(f"{name} = [{', '.join(f'{item!r}' for item in value)}]")
        else:
            lines.append(f"{name} = {value!r}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
