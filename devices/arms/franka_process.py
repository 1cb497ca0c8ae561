"""Role `franka`: the 1 kHz loop beside a Franka arm, in a process of its own. Started by the driver `arm/franka`.

The maker's library keeps the interpreter lock while it waits for the arm, so that it can share a process with nothing.
Targets come at the governor's rate; a straight way from one to the next and three filters in a row make of them poses
whose jerk is bounded, one a millisecond.
Who sends no more targets lets the arm stand at the last one. When this process ends, the arm misses its commands and
stops by itself (`communication_constraints_violation`).
"""

from __future__ import annotations

import argparse
import contextlib
import socket
from typing import Any

import msgspec
import numpy as np

from app.core.geometry import quat_conjugate, quat_multiply, quat_to_matrix, quat_to_rotvec, rotvec_to_quat
from app.core.priority import prefer_control
from devices.arms.franka_wire import Ended, Finish, Measured, Start, Target, ToLoop, receive, send

CYCLE_S = 1e-3
STAGES = 3
MOST_CYCLES = 20  # between two targets; after a longer pause the way to the next takes as long
SETTLE_CYCLES = 150  # at the end of a motion, for the filters to come to rest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `franka`."""
    parser.add_argument("--host", required=True)
    parser.add_argument(
        "--channel", type=int, required=True, help="descriptor of the socket to the device process"
    )
    parser.add_argument("--rate", type=float, required=True, help="states to be sent per second")
    parser.add_argument("--impedance", choices=("cartesian", "joint"), required=True)
    parser.add_argument("--smoothing", type=float, required=True, help="time constant of each filter, s")
    parser.add_argument("--realtime", action="store_true", help="refuse to run without a real-time kernel")


class Smooth:
    """Three one-pole filters in a row on a pose: of a step in its input, the jerk of its output is bounded.

    Args:
        pose: Pose (7,) at which it rests.
        smoothing_s: Time constant of each.
    """

    def __init__(self, pose: np.ndarray, smoothing_s: float) -> None:
        self._share = 1.0 - float(np.exp(-CYCLE_S / smoothing_s))
        self._stages = [pose.copy() for _ in range(STAGES)]

    def step(self, target: np.ndarray) -> np.ndarray:
        """Return the pose (7,) one millisecond later."""
        for stage in self._stages:
            stage[:3] += self._share * (target[:3] - stage[:3])
            turn = quat_to_rotvec(quat_multiply(target[3:], quat_conjugate(stage[3:])))
            stage[3:] = quat_multiply(rotvec_to_quat(self._share * turn), stage[3:])
            stage[3:] /= np.linalg.norm(stage[3:])
            target = stage
        return target.copy()


class Way:
    """A straight way to each new target, as long as the one before was valid: steps in speed instead of in place.

    Args:
        pose: Pose (7,) at which it rests.
    """

    def __init__(self, pose: np.ndarray) -> None:
        self._place = self._target = pose.copy()
        self._left, self._since = 0, MOST_CYCLES

    def go(self, target: np.ndarray) -> None:
        """Go to a pose (7,) from now on."""
        self._left, self._since = min(self._since, MOST_CYCLES), 0
        self._target = target.copy()

    def step(self) -> np.ndarray:
        """Return the pose (7,) one millisecond later."""
        self._since += 1
        if self._left == 0:
            return self._target
        here, target = self._place, self._target
        turn = quat_to_rotvec(quat_multiply(target[3:], quat_conjugate(here[3:])))
        place = here[:3] + (target[:3] - here[:3]) / self._left
        self._place = np.concatenate([place, quat_multiply(rotvec_to_quat(turn / self._left), here[3:])])
        self._left -= 1
        return self._place


def to_columns(pose: np.ndarray) -> list[float]:
    """Return a pose (7,) as a 4×4 matrix, column by column."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = quat_to_matrix(pose[3:]), pose[:3]
    return [float(value) for value in matrix.T.ravel()]


def matrix_to_quat(matrix: np.ndarray) -> np.ndarray:
    """Return the quaternion (4,) of a rotation matrix (3, 3): the eigenvector of its 4×4 form (Bar-Itzhack, 2000)."""
    m = matrix
    form = np.array([
        [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
        [m[0, 1] + m[1, 0], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
        [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[2, 2] - m[0, 0] - m[1, 1], 0],
        [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
    ])  # fmt: skip
    x, y, z, w = np.linalg.eigh(form)[1][
        :, -1
    ]  # eigh reads the lower triangle; the largest eigenvalue is last
    return np.array([w, x, y, z]) if w >= 0 else -np.array([w, x, y, z])


def from_columns(columns: Any) -> np.ndarray:
    """Return the pose (7,) of a 4×4 matrix, column by column."""
    matrix = np.reshape(np.asarray(columns, dtype=np.float64), (4, 4)).T
    return np.concatenate([matrix[:3, 3], matrix_to_quat(matrix[:3, :3])])


class Loop:
    """Reads and commands one arm, one millisecond after the other.

    Args:
        library: The module `pylibfranka`.
        robot: Its connected `Robot`.
        channel: To the device process; not blocking.
    """

    def __init__(self, library: Any, robot: Any, channel: socket.socket, args: argparse.Namespace) -> None:
        self._library, self._robot, self._channel, self._args = library, robot, channel, args
        self._every = max(1, round(1.0 / (args.rate * CYCLE_S)))
        self._control: Any = None
        self._smooth: Smooth | None = None
        self._way = Way(np.zeros(7))
        self._settling = -1  # cycles left until the end of the motion; -1 while it goes on

    def run(self) -> None:
        """Go on until the device process hangs up.

        Raises:
            pylibfranka.FrankaException: If the connection to the arm is lost.
        """
        cycle, gone = 0, False
        while not (gone and self._control is None):
            state = self._cycle()
            if not gone:
                gone = not self._hear()
            if cycle % self._every == 0 and not gone:
                self._tell(state)
            cycle += 1

    def _cycle(self) -> Any:
        if self._control is None:
            return self._robot.read_once()
        try:
            state, _ = self._control.readOnce()
            self._command(state)
        except self._library.ControlException as error:
            self._control = None
            send(self._channel, Ended(" ".join(str(error).split()), lost=False))
            state = self._robot.read_once()
        return state

    def _command(self, state: Any) -> None:
        if self._smooth is None:
            here = from_columns(state.O_T_EE_c)
            self._way, self._smooth = Way(here), Smooth(here, self._args.smoothing)
        command = self._library.CartesianPose(to_columns(self._smooth.step(self._way.step())))
        if self._settling > 0:
            self._settling -= 1
        command.motion_finished = self._settling == 0
        self._control.writeOnce(command)
        if self._settling == 0:
            self._control = None
            send(self._channel, Ended("", lost=False))

    def _hear(self) -> bool:
        """Take in what the device process says; returns False once it is gone, which ends motion."""
        while True:
            try:
                message = msgspec.msgpack.decode(receive(self._channel), type=ToLoop)
            except (BlockingIOError, TimeoutError):
                return True
            except EOFError:
                self._finish()
                return False
            if isinstance(message, Target):
                if self._settling < 0:
                    self._way.go(np.array(message.pose))
            elif isinstance(message, Start):
                self._start()
            elif isinstance(message, Finish):
                self._finish()

    def _start(self) -> None:
        modes = self._library.ControllerMode
        mode = modes.CartesianImpedance if self._args.impedance == "cartesian" else modes.JointImpedance
        try:
            self._control = self._robot.start_cartesian_pose_control(mode)
        except self._library.FrankaException as error:
            send(self._channel, Ended(" ".join(str(error).split()), lost=False))
            return
        self._smooth, self._settling = None, -1

    def _finish(self) -> None:
        if self._control is not None and self._settling < 0:
            self._settling = SETTLE_CYCLES

    def _tell(self, state: Any) -> None:
        send(self._channel, Measured(
            (*state.q, *state.dq), tuple(state.O_T_EE), tuple(state.K_F_ext_hat_K), tuple(state.EE_T_K),
            state.robot_mode.name, self._control is not None and self._settling < 0,
        ))  # fmt: skip


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Connect, and run the loop until the device process hangs up or the arm does."""
    channel = socket.socket(fileno=args.channel)
    channel.setblocking(False)
    with contextlib.closing(channel):
        import pylibfranka

        prefer_control()
        wanted = pylibfranka.RealtimeConfig
        try:
            robot = pylibfranka.Robot(args.host, wanted.kEnforce if args.realtime else wanted.kIgnore)
            Loop(pylibfranka, robot, channel, args).run()
        except (pylibfranka.FrankaException, RuntimeError) as error:  # the library raises both
            why = " ".join(str(error).split())
            send(channel, Ended(why, lost=True))
            return {"why": why}
    return {"why": "the device process hung up"}
