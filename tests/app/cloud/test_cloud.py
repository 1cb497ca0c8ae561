"""Clouds of a scene that is known in closed form: on its surfaces to a millimetre, in one frame, within the budget."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.cloud.depth import View, base_points
from app.cloud.fusion import Cloud, Fusion, within_budget
from app.cloud.message import pack, unpack
from app.cloud.registration import register, register_all
from app.cloud.settings import Settings
from app.core.errors import GeometryError, UsageError
from app.core.geometry import pose_to_matrix
from devices.synthetic import scene

SIZE = (320, 240)
STILL = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
PHASE = 0.1


def view_of(name: str, size: tuple[int, int] = SIZE) -> View:
    camera = scene.camera_info(name, size)
    seen = scene.render(camera, PHASE, np.random.default_rng(0))
    return View(camera, seen.depth, seen.colour, STILL)


def distances(points: np.ndarray) -> np.ndarray:
    """How far points are from the nearer of table and sphere, m: known without any depth picture."""
    centre = scene.sphere_centre(PHASE)
    ball = np.abs(np.linalg.norm(points - centre, axis=1) - scene.RADIUS)
    return np.minimum(np.abs(points[:, 2] - scene.TABLE_Z), ball)


@pytest.mark.parametrize("name", list(scene.CAMERAS))
def test_points_lie_on_the_table_and_the_sphere(name: str) -> None:
    points, colours = base_points(view_of(name), 1, 0.05, 2.0)
    assert len(points) > 20_000
    assert distances(points).max() < 1e-5  # float32 depth
    centre = scene.sphere_centre(PHASE)
    on_ball = np.linalg.norm(points - centre, axis=1) < scene.RADIUS + 1e-4
    lit = on_ball & (points[:, 2] > centre[2] + 0.5 * scene.RADIUS)
    assert lit.sum() > 30
    red, _, blue = colours[lit].mean(axis=0)
    assert red > 2.5 * blue, "the ball is orange"


def test_a_camera_on_the_tool_travels_with_it() -> None:
    fixed = view_of("scene")
    tool = np.array([0.4, 0.1, 0.3, np.cos(0.3), 0.0, np.sin(0.3), 0.0])
    pose = np.linalg.inv(pose_to_matrix(tool)) @ np.asarray(fixed.camera.pose).reshape(4, 4)
    mounted = msgspec.structs.replace(fixed.camera, mount="tool", pose=tuple(pose.ravel()))
    moved, _ = base_points(replace(fixed, camera=mounted, tool_pose=tool), 4, 0.05, 2.0)
    assert moved == pytest.approx(base_points(fixed, 4, 0.05, 2.0)[0], abs=1e-9)


@pytest.mark.parametrize("outlier", ["none", "radius", "statistical"])
def test_three_cameras_make_one_cloud_without_lone_points(outlier: str) -> None:
    views = [view_of(name) for name in ("scene", "wrist", "side")]
    flying = views[0].depth_m.copy()
    flying[5:200:17, 5:300:19] *= 0.7  # in mid-air
    views[0] = replace(views[0], depth_m=flying)
    cloud = Fusion(Settings(stride=1, outlier=outlier)).fuse(views)  # type: ignore[arg-type]
    away = distances(cloud.points)
    if outlier == "none":
        assert (away > 0.02).sum() > 50
    else:
        assert (away > 0.02).sum() <= 3
    assert np.percentile(away, 99) < 1.5e-3 if outlier != "none" else True
    gaps = np.linalg.norm(cloud.points[:300, None] - cloud.points[None, :300], axis=2) + np.eye(300)
    assert gaps.min() > 2e-4, "voxels keep one point each"


def shift(mm: tuple[float, float, float], degrees: float) -> np.ndarray:
    angle, matrix = np.radians(degrees), np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    pivot = np.array([0.5, 0.0, 0.0])
    matrix[:3, 3] = pivot - matrix[:3, :3] @ pivot + np.array(mm) * 1e-3
    return matrix


def test_two_cameras_coincide_and_what_is_left_is_told() -> None:
    """True extrinsics need no correction; a camera that stands 8 mm off is brought back by what both see."""
    first, second = view_of("scene"), view_of("wrist")
    right = Fusion(Settings())
    found = register_all(right, [first, second])["wrist"]
    assert found.after_mm < 0.8
    assert found.free == 1, "nothing holds a turn about the ball: it is left alone"
    wrong = shift((3.0, 2.0, 8.0), 0.0) @ np.asarray(second.camera.pose).reshape(4, 4)
    camera = msgspec.structs.replace(second.camera, pose=tuple(wrong.ravel()))
    bent = Fusion(Settings())
    moved = replace(second, camera=camera)
    before = distances(bent.points_of(moved)[0])
    found = register_all(bent, [first, moved])["wrist"]
    after = distances(bent.points_of(moved)[0])
    assert found.before_mm > 2.0
    assert found.after_mm < 0.8
    assert np.sqrt(np.mean(before**2)) > 6e-3
    assert np.sqrt(np.mean(after**2)) < 1e-3


def test_what_cannot_be_registered_is_refused() -> None:
    points, _ = base_points(view_of("scene"), 2, 0.05, 2.0)
    with pytest.raises(GeometryError, match=r"'far'.*of its points lie near.*calibrate them"):
        register(points, points + np.array([0.0, 0.0, 0.5]), "far")


HOSTILE = {
    "not a number": (np.full((240, 320), np.nan), r"100.0 % of its pixels are not a number"),
    "infinite": (np.full((240, 320), np.inf), "not a number"),
    "nothing": (np.zeros((240, 320)), "not one of its pixels is known"),
    "negative": (np.full((240, 320), -1.0), "negative"),
    "flat": (np.ones(240 * 320), r"shape is \(76800,\)"),
    "empty": (np.ones((0, 320)), "rows and columns"),
    "turned": (np.ones((320, 240)), "240×320 pixels are no picture of a camera of 320×240"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_depth_is_refused_with_a_sentence(name: str) -> None:
    depth, words = HOSTILE[name]
    with pytest.raises(GeometryError, match=words) as caught:
        Fusion(Settings()).fuse([replace(view_of("scene"), depth_m=depth)])
    assert "'scene'" in caught.value.sentence()


DEPTHS = st.one_of(st.floats(0, 70, width=32), st.sampled_from([0.0, np.nan, -1.0]))


@settings(max_examples=25, deadline=None)
@given(arrays(np.float32, (12, 16), elements=DEPTHS))
def test_any_depth_gives_finite_points_or_a_sentence(depth: np.ndarray) -> None:
    view = replace(view_of("scene", (32, 32)), depth_m=depth, colour=None)
    camera = msgspec.structs.replace(view.camera, width=16, height=12)
    try:
        cloud = Fusion(Settings(stride=1)).fuse([replace(view, camera=camera)])
    except GeometryError as error:
        caught = error.sentence()
    else:
        caught = "depth of camera 'scene'"
        assert np.isfinite(cloud.points).all()
        assert len(cloud.points) == len(cloud.colours)
    assert caught.startswith("depth of camera 'scene'")


def test_the_budget_is_kept_and_what_was_offered_is_told() -> None:
    views = [view_of(name) for name in ("scene", "wrist")]
    cloud = Fusion(Settings(stride=1, voxel_m=0.0, outlier="none", budget=5000)).fuse(views)
    assert len(cloud.points) == 5000
    assert cloud.offered > 50_000
    assert np.ptp(cloud.points[:, 0]) > 0.5, "taken from everywhere"
    small = Cloud(cloud.points, cloud.colours, 5000)
    assert within_budget(small, 5000) is small


@given(arrays(np.float32, (7, 3), elements=st.floats(-9, 9, width=32)), arrays(np.uint8, (7, 3)))
def test_points_and_colours_survive_the_wire(points: np.ndarray, colours: np.ndarray) -> None:
    back, shades = unpack(pack(points, colours))
    assert np.array_equal(back, points)
    assert np.array_equal(shades, colours)


def test_wrong_settings_name_the_option() -> None:
    with pytest.raises(UsageError, match=r"--budget.*1 to 100000"):
        Settings(budget=200_000)
    with pytest.raises(UsageError, match="--range"):
        Settings(near_m=2.0, far_m=1.0)
