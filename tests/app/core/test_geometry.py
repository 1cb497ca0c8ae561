"""Rotations against scipy, and the projection against a hand computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import geometry
from app.core.wire.messages import CameraInfo

seeds = st.integers(0, 2**32 - 1)


def random_quat(rng: np.random.Generator) -> np.ndarray:
    q = rng.normal(size=4)
    return np.asarray(q / np.linalg.norm(q))


@given(seeds)
def test_rotation_vector_and_quaternion_are_inverse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    rotvec = axis / np.linalg.norm(axis) * rng.uniform(0.0, 3.1)
    assert geometry.quat_to_rotvec(geometry.rotvec_to_quat(rotvec)) == pytest.approx(rotvec, abs=1e-9)


@given(seeds)
def test_products_agree_with_matrices_and_the_error_turns_one_into_the_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = random_quat(rng), random_quat(rng)
    matrix = geometry.quat_to_matrix(geometry.quat_multiply(a, b))
    assert matrix == pytest.approx(geometry.quat_to_matrix(a) @ geometry.quat_to_matrix(b), abs=1e-12)
    turned = geometry.quat_multiply(geometry.rotvec_to_quat(geometry.rotation_error(a, b)), b)
    assert abs(float(turned @ a)) == pytest.approx(1.0, abs=1e-12)


def test_a_point_one_metre_ahead_lands_where_the_pinhole_says_and_one_behind_is_nowhere() -> None:
    pose = np.eye(4)
    pose[:3, 3] = [0.1, 0.2, 0.3]
    camera = CameraInfo("c", 640, 480, 500.0, 510.0, 320.0, 240.0, "base", tuple(pose.ravel()))
    points = np.array([[0.1 + 0.2, 0.2 - 0.1, 1.3], [0.1, 0.2, -1.0]])
    pixels = geometry.project(camera, np.array([0, 0, 0, 1.0, 0, 0, 0]), points)
    assert pixels[0] == pytest.approx([320.0 + 500.0 * 0.2, 240.0 - 510.0 * 0.1], abs=1e-9)
    assert np.isnan(pixels[1]).all()


def test_a_camera_on_the_tool_travels_with_it() -> None:
    camera = CameraInfo("w", 100, 100, 80.0, 80.0, 50.0, 50.0, "tool", tuple(np.eye(4).ravel()))
    tool = np.array([1.0, 2.0, 3.0, *geometry.rotvec_to_quat(np.array([0.0, 0.0, np.pi / 2]))])
    ahead = geometry.transform_points(geometry.pose_to_matrix(tool), np.array([[0.1, 0.0, 1.0]]))
    assert geometry.project(camera, tool, ahead)[0] == pytest.approx([58.0, 50.0], abs=1e-9)
