"""Several cameras into one frame: extrinsics first, then (if asked) a correction by what they see together.

Open3D finds the partners; the step is ours, because its point-to-plane ICP slides along what the scene leaves free: a
table and a ball may turn about the ball by any angle without a residual. Directions in which the surfaces hold nothing
are left as the extrinsics say (solution remapping: Zhang, Kaess and Singh, "On Degeneracy of Optimization-based State
Estimation Problems", ICRA 2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import open3d

from app.cloud.depth import View
from app.cloud.fusion import Fusion, to_open3d
from app.core.errors import GeometryError
from app.core.geometry import quat_to_matrix, rotvec_to_quat

VOXEL_M = 0.004
REACH_M = 0.03  # farther away no point has a partner
ROBUST_M = 0.005  # a residual of this size counts half as much as a small one
LEAST_OVERLAP = 0.2
LEAST_HOLD = (
    1e-3  # mean squared share of the normals along a direction, below which the scene does not hold it
)
MOST_SHIFT_M, MOST_TURN_RAD = 0.05, 0.15  # more is no correction: the extrinsics are wrong
ITERATIONS = 25
SETTLED_M = 1e-5


@dataclass(frozen=True)
class Correction:
    """What registration found for one camera.

    Attributes:
        matrix: 4×4, base frame, applied after the extrinsics.
        before_mm, after_mm: Root mean square distance of the camera's points from the reference's surface.
        overlap: Share of its points that have a partner.
        free: How many of the six directions the scene did not hold; along them nothing was corrected.
    """

    matrix: np.ndarray
    before_mm: float
    after_mm: float
    overlap: float
    free: int


class _Pair:
    """A reference surface and the points that shall lie on it."""

    def __init__(self, reference: np.ndarray, points: np.ndarray) -> None:
        self._target = to_open3d(reference).voxel_down_sample(VOXEL_M)
        self._source = to_open3d(points).voxel_down_sample(VOXEL_M)
        self._target.estimate_normals(open3d.geometry.KDTreeSearchParamHybrid(4 * VOXEL_M, 30))
        self._partners = np.asarray(self._target.points)
        self._normals = np.asarray(self._target.normals)
        self._points = np.asarray(self._source.points)
        self.overlap = 0.0

    def match(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return moved points (m, 3), their partners' normals (m, 3) and signed distances (m,), m."""
        evaluate: Any = open3d.pipelines.registration.evaluate_registration
        pairs = np.asarray(evaluate(self._source, self._target, REACH_M, matrix).correspondence_set).reshape(
            -1, 2
        )
        self.overlap = len(pairs) / max(1, len(self._points))
        moved = self._points[pairs[:, 0]] @ matrix[:3, :3].T + matrix[:3, 3]
        normals = self._normals[pairs[:, 1]]
        return moved, normals, np.einsum("nc,nc->n", moved - self._partners[pairs[:, 1]], normals)


def register(reference: np.ndarray, points: np.ndarray, name: str = "camera") -> Correction:
    """Return how to move `points` (m, 3) onto the surface of `reference` (n, 3), from where they are.

    Raises:
        GeometryError: The two hardly overlap, or would have to be moved so far that the extrinsics must be wrong.
    """
    thing = f"registration of camera {name!r}"
    pair, matrix, free = _Pair(reference, points), np.eye(4), 0
    _, _, rest = pair.match(matrix)
    if pair.overlap < LEAST_OVERLAP:
        raise GeometryError(
            thing, f"only {100 * pair.overlap:.0f} % of its points lie near the other cameras'",
            way_out="Let the cameras see the same things, or calibrate them",
        )  # fmt: skip
    before = _rms_mm(rest)
    for _ in range(ITERATIONS):
        step, free = _step(*pair.match(matrix))
        matrix = step @ matrix
        if np.linalg.norm(step - np.eye(4)) < SETTLED_M:
            break
    turn = float(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1.0, 1.0)))
    middle = points.mean(axis=0)
    shift = float(np.linalg.norm(matrix[:3, :3] @ middle + matrix[:3, 3] - middle))
    if shift > MOST_SHIFT_M or turn > MOST_TURN_RAD:
        raise GeometryError(
            thing,
            f"its points lie {shift * 1e3:.0f} mm and {np.degrees(turn):.0f}° off",
            way_out="Calibrate it anew",
        )
    after = _rms_mm(pair.match(matrix)[2])
    if after > before:
        return Correction(np.eye(4), before, before, pair.overlap, free)
    return Correction(matrix, before, after, pair.overlap, free)


def _step(moved: np.ndarray, normals: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, int]:
    """Return one Gauss-Newton step (4×4) of the robust point-to-plane distance, and how many directions were free.

    Rotations are about the points' middle and in units of their spread, so that all six directions are metres.
    """
    middle = moved.mean(axis=0)
    arm = moved - middle
    spread = float(np.sqrt(np.mean(np.sum(arm**2, axis=1)))) or 1.0
    jacobian = np.concatenate([np.cross(arm, normals) / spread, normals], axis=1)
    weights = 1.0 / (1.0 + (rest / ROBUST_M) ** 2)
    holds, axes = np.linalg.eigh((jacobian * weights[:, None]).T @ jacobian / weights.sum())
    gradient = (jacobian * weights[:, None]).T @ rest / weights.sum()
    held = holds > LEAST_HOLD
    found = -axes[:, held] @ ((axes[:, held].T @ gradient) / holds[held])
    step = np.eye(4)
    step[:3, :3] = quat_to_matrix(rotvec_to_quat(found[:3] / spread))
    step[:3, 3] = middle + found[3:] - step[:3, :3] @ middle
    return step, int(np.sum(~held))


def _rms_mm(rest: np.ndarray) -> float:
    return float(np.sqrt(np.mean(rest**2))) * 1e3 if len(rest) else float("inf")


def register_all(fusion: Fusion, views: list[View]) -> dict[str, Correction]:
    """Correct every camera after the first onto what the cameras before it saw; the corrections go into `fusion`.

    Raises:
        GeometryError: A camera cannot be registered; those before it are.
    """
    found: dict[str, Correction] = {}
    fusion.corrections.clear()
    reference = fusion.points_of(views[0])[0]
    for view in views[1:]:
        points, _ = fusion.points_of(view)
        found[view.camera.name] = register(reference, points, view.camera.name)
        fusion.corrections[view.camera.name] = found[view.camera.name].matrix
        reference = np.concatenate([reference, fusion.points_of(view)[0]])
    return found
