"""Where a camera sits: hand-eye calibration by OpenCV's methods, compared and refined on the reprojection error.

With T the tool in the base, X the camera in the tool and Z the board in the base (camera on the tool), every view obeys
T·X·(board in camera) = Z. A fixed camera that sees a board on the tool obeys the same with T inverted: X is then the
camera in the base, and Z the board in the tool. So one solver does both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from app.calibration.lens import Lens
from app.calibration.views import View, board_pose, rigid
from app.core.calibration import CalibrationError

Mount = Literal["tool", "base"]
LEAST_POSES = 8
HELD_OUT_EVERY = 4
LEAST_TURN_DEG = 15.0  # between some two poses, about each of two axes
STEPS = 30
WORSE_MEANS_LOST_PX = 1e4

HAND_EYE = {
    "Tsai": cv2.CALIB_HAND_EYE_TSAI,
    "Park": cv2.CALIB_HAND_EYE_PARK,
    "Horaud": cv2.CALIB_HAND_EYE_HORAUD,
    "Andreff": cv2.CALIB_HAND_EYE_ANDREFF,
    "Daniilidis": cv2.CALIB_HAND_EYE_DANIILIDIS,
}
ROBOT_WORLD = {"Shah": cv2.CALIB_ROBOT_WORLD_HAND_EYE_SHAH, "Li": cv2.CALIB_ROBOT_WORLD_HAND_EYE_LI}


@dataclass(frozen=True)
class Placed:
    """A camera's place.

    Attributes:
        camera: (4, 4) in the tool (camera on the tool) or in the base (fixed camera).
        board: (4, 4) in the base, or in the tool.
        method: Which method it started from.
        held_out_px, held_out_mm: RMS errors on the poses that it was not made from.
        methods_px: RMS error of each method on those poses; the refined one is called "refined".
        used, held_out: Numbers of poses.
    """

    camera: np.ndarray
    board: np.ndarray
    method: str
    held_out_px: float
    held_out_mm: float
    methods_px: dict[str, float]
    used: int
    held_out: int


@dataclass(frozen=True)
class Problem:
    """Views as the solver sees them: `tools` are inverted for a fixed camera."""

    points: np.ndarray
    views: list[View]
    tools: list[np.ndarray]
    boards: list[np.ndarray]
    lens: Lens

    def part(self, which: list[int]) -> Problem:
        """Return some of the views."""
        return Problem(
            self.points, [self.views[i] for i in which], [self.tools[i] for i in which],
            [self.boards[i] for i in which], self.lens,
        )  # fmt: skip

    def residuals(self, camera: np.ndarray, board: np.ndarray) -> np.ndarray:
        """Return the reprojection errors (2·n,) px of all corners, predicted from the arm's poses alone."""
        to_tool, parts = np.linalg.inv(camera), []
        for view, tool in zip(self.views, self.tools, strict=True):
            pose = to_tool @ np.linalg.inv(tool) @ board
            seen = self.points[view.sighting.ids]
            pixels, _ = cv2.projectPoints(
                seen, cv2.Rodrigues(pose[:3, :3])[0], pose[:3, 3], self.lens.matrix, self.lens.distortion
            )
            parts.append((pixels.reshape(-1, 2) - view.sighting.corners).ravel())
        return np.concatenate(parts)

    def rms_px(self, camera: np.ndarray, board: np.ndarray) -> float:
        """Return the RMS distance of corners, px."""
        errors = self.residuals(camera, board).reshape(-1, 2)
        rms = float(np.sqrt(np.square(errors).sum(axis=1).mean()))
        return rms if np.isfinite(rms) else WORSE_MEANS_LOST_PX

    def rms_mm(self, camera: np.ndarray, board: np.ndarray) -> float:
        """Return the RMS distance, mm, of the board's middle by prediction from that by PnP."""
        middle = np.append(self.points.mean(axis=0), 1.0)
        to_tool = np.linalg.inv(camera)
        gaps = [
            (to_tool @ np.linalg.inv(tool) @ board - seen) @ middle
            for tool, seen in zip(self.tools, self.boards, strict=True)
        ]
        return float(1e3 * np.sqrt(np.square(np.array(gaps)[:, :3]).sum(axis=1).mean()))


def place_camera(points: np.ndarray, views: list[View], lens: Lens, mount: Mount) -> Placed:
    """Return where the camera sits.

    Every fourth pose is held out: methods are compared on those, and the errors that are told are theirs.

    Args:
        points: The board's corners (N, 3).
        views: Views with a known tool pose; rejected ones are left out.

    Raises:
        CalibrationError: If poses are too few, too alike, or no method agrees with them.
    """
    good = [view for view in views if view.tool is not None and not view.rejected]
    problem = _make(points, good, lens, mount)
    _check(problem)
    held = list(range(HELD_OUT_EVERY // 2, len(good), HELD_OUT_EVERY))
    train = problem.part([i for i in range(len(good)) if i not in held])
    judge = problem.part(held)
    found = {name: solved for name, solved in _all_methods(train).items() if np.isfinite(solved[0]).all()}
    scores = {name: judge.rms_px(*solved) for name, solved in found.items()}
    if not scores or min(scores.values()) >= WORSE_MEANS_LOST_PX:
        raise CalibrationError("hand-eye calibration", "no method agrees with the poses", way_out=_HINT)
    best = min(scores, key=lambda name: scores[name])
    camera, board = refine(train, *found[best])
    scores["refined"] = judge.rms_px(camera, board)
    return Placed(
        camera, board, best, scores["refined"], judge.rms_mm(camera, board),
        {name: round(value, 4) for name, value in scores.items()}, len(train.views), len(judge.views),
    )  # fmt: skip


_HINT = (
    "Check that the board did not slip, that its size is right, and that the arm's pose is that of the tool"
)


def _make(points: np.ndarray, views: list[View], lens: Lens, mount: Mount) -> Problem:
    tools = [np.asarray(view.tool) for view in views]
    if mount == "base":
        tools = [np.linalg.inv(tool) for tool in tools]
    boards = [board_pose(points, view.sighting, lens.matrix, lens.distortion) for view in views]
    return Problem(points, views, tools, boards, lens)


def _check(problem: Problem) -> None:
    if len(problem.views) < LEAST_POSES:
        raise CalibrationError(
            "hand-eye calibration", f"it has {len(problem.views)} good poses and needs {LEAST_POSES}",
            way_out="Move the arm to more poses, turned about different axes",
        )  # fmt: skip
    turns = [cv2.Rodrigues(problem.tools[0][:3, :3].T @ tool[:3, :3])[0].ravel() for tool in problem.tools]
    spread = np.degrees(np.linalg.svd(np.array(turns), compute_uv=False)) / np.sqrt(len(turns))
    if spread[1] < LEAST_TURN_DEG / 3:
        raise CalibrationError(
            "hand-eye calibration", "the arm turned about one axis only, so the place cannot be told",
            way_out="Tilt the tool to both sides and to and fro, by 20° or more",
        )  # fmt: skip


def _all_methods(problem: Problem) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (camera, board) by each of OpenCV's methods; one that fails on these poses is left out."""
    tools, boards = problem.tools, problem.boards
    tool_turns, tool_shifts = [m[:3, :3] for m in tools], [m[:3, 3] for m in tools]
    board_turns, board_shifts = [m[:3, :3] for m in boards], [m[:3, 3] for m in boards]
    back = [np.linalg.inv(m) for m in tools]
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def attempt(name: str, solve: Callable[[int], tuple[np.ndarray, np.ndarray]], method: int) -> None:
        try:
            found[name] = solve(method)
        except cv2.error:
            return  # degenerate for this method; the others are judged

    def hand_eye(method: int) -> tuple[np.ndarray, np.ndarray]:
        turn, shift = cv2.calibrateHandEye(tool_turns, tool_shifts, board_turns, board_shifts, method=method)
        camera = rigid(turn, shift)
        return camera, _mean_pose([t @ camera @ b for t, b in zip(tools, boards, strict=True)])

    def robot_world(method: int) -> tuple[np.ndarray, np.ndarray]:
        turn_w, shift_w, turn_c, shift_c = cv2.calibrateRobotWorldHandEye(
            board_turns, board_shifts, [m[:3, :3] for m in back], [m[:3, 3] for m in back], method=method
        )
        return np.linalg.inv(rigid(turn_c, shift_c)), np.linalg.inv(rigid(turn_w, shift_w))

    for name, method in HAND_EYE.items():
        attempt(name, hand_eye, method)
    for name, method in ROBOT_WORLD.items():
        attempt(name, robot_world, method)
    return found


def _mean_pose(poses: list[np.ndarray]) -> np.ndarray:
    """Return the mean of poses: chordal for the rotation (the nearest rotation to the mean matrix)."""
    mean = np.mean(poses, axis=0)
    if not np.isfinite(mean).all():
        return np.full((4, 4), np.nan)
    left, _, right = np.linalg.svd(mean[:3, :3])
    mean[:3, :3] = left @ np.diag([1.0, 1.0, float(np.linalg.det(left @ right))]) @ right
    return np.asarray(mean)


def _moved(pose: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return a pose after a small motion in its own frame: (6,) rotation vector and translation."""
    return pose @ rigid(step[:3], step[3:])


def refine(problem: Problem, camera: np.ndarray, board: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return camera and board at the least reprojection error: Levenberg–Marquardt over 12 numbers.

    OpenCV's methods minimise algebraic errors of poses; what is drawn is judged in pixels, so the last step is too.
    """
    damping, errors = 1e-3, problem.residuals(camera, board)
    for _ in range(STEPS):
        slopes = np.empty((len(errors), 12))
        for index in range(12):
            step = np.zeros(12)
            step[index] = 1e-6
            slopes[:, index] = (
                problem.residuals(_moved(camera, step[:6]), _moved(board, step[6:])) - errors
            ) / 1e-6
        normal, gradient = slopes.T @ slopes, slopes.T @ errors
        change = -np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), gradient)
        trial = _moved(camera, change[:6]), _moved(board, change[6:])
        fresh = problem.residuals(*trial)
        if fresh @ fresh < errors @ errors:
            gain = 1.0 - float(fresh @ fresh) / float(errors @ errors)
            camera, board, errors, damping = *trial, fresh, damping * 0.3
            if gain < 1e-8:
                break
        else:
            damping *= 10.0
            if damping > 1e6:
                break
    return camera, board
