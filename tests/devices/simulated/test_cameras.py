"""The pictures: geometry to the pixel, depth to the millimetre, a stain that fades, and the renderer's own copy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.core.errors import DeviceError
from app.core.geometry import pose_to_matrix, project, transform_points
from devices.simulated.bench import Bench
from devices.simulated.cameras import Renderer
from devices.simulated.looks import fading_stain

SIZE = (640, 480)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench(picture=SIZE)
    yield bench
    bench.close()


@pytest.fixture
def renderer(bench: Bench) -> Iterator[Renderer]:
    renderer = Renderer(bench, SIZE)
    yield renderer
    renderer.close()


def beads(renderer: Renderer, patches: tuple[int, ...]) -> np.ndarray:
    """Turn stain patches into small green beads; return their places (N, 3) in the board frame."""
    model = renderer._model
    for patch in range(20):
        model.geom_rgba[model.geom(f"patch_{patch}").id, 3] = 0.0
    for patch in patches:
        geom = model.geom(f"patch_{patch}").id
        model.geom_size[geom] = 0.002
        model.geom_rgba[geom] = [0.0, 1.0, 0.0, 1.0]
    renderer._show = fading_stain(model)
    return np.array([model.geom(f"patch_{patch}").pos for patch in patches])


@pytest.mark.parametrize("camera", ["scene", "wrist"])
@pytest.mark.parametrize("patch", [2, 10, 16])
def test_known_points_appear_where_camera_info_puts_them(
    bench: Bench, renderer: Renderer, camera: str, patch: int
) -> None:
    bench.reset(5, "nominal")
    place = beads(renderer, (patch,))
    snapshot = bench.snapshot()
    point = transform_points(pose_to_matrix(snapshot.places[0]), place)
    colour, depth = renderer.render(snapshot, camera)
    red, green, blue = (colour[..., channel].astype(int) for channel in range(3))
    rows, columns = np.nonzero((green > 2 * red) & (green > 2 * blue) & (green > 60))
    assert len(rows) > 4
    seen = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    info = bench.camera_info(camera)
    expected = project(info, bench.arm_state().pose, point)[0]
    assert np.linalg.norm(seen - expected) <= 1.0

    mount = pose_to_matrix(bench.arm_state().pose) if info.mount == "tool" else np.eye(4)
    to_camera = np.linalg.inv(mount @ np.array(info.pose).reshape(4, 4))
    distance = transform_points(to_camera, point)[0, 2]
    assert depth[int(seen[1]), int(seen[0])] == pytest.approx(distance, abs=0.0025)


def test_depth_puts_the_board_in_its_plane(bench: Bench, renderer: Renderer) -> None:
    bench.reset(9, "nominal")
    snapshot = bench.snapshot()
    _, depth = renderer.render(snapshot, "wrist")
    info = bench.camera_info("wrist")
    rows, columns = np.mgrid[380:470:10, 200:440:10]
    z = depth[rows, columns]
    x, y = (columns + 0.5 - info.cx) / info.fx * z, (rows + 0.5 - info.cy) / info.fy * z
    camera = pose_to_matrix(bench.arm_state().pose) @ np.array(info.pose).reshape(4, 4)
    points = transform_points(camera, np.stack([x, y, z], axis=-1).reshape(-1, 3))
    heights = transform_points(np.linalg.inv(pose_to_matrix(snapshot.places[0])), points)[:, 2]
    assert np.abs(heights).max() < 0.001


def test_the_stain_fades_as_it_comes_off(bench: Bench, renderer: Renderer) -> None:
    bench.reset(5, "nominal")
    dirty = bench.snapshot()
    clean = type(dirty)(dirty.time_ns, dirty.qpos, dirty.places, np.ones(20))

    def purple(colour: np.ndarray) -> int:
        return int(np.sum(colour[..., 2].astype(int) > colour[..., 1].astype(int) + 40))

    assert purple(renderer.render(dirty, "scene")[0]) > 300
    assert purple(renderer.render(clean, "scene")[0]) < 20


def test_both_cameras_see_the_gel_pad(bench: Bench, renderer: Renderer) -> None:
    for camera in ("scene", "wrist"):
        colour, depth = renderer.render(bench.snapshot(), camera)
        assert colour.shape == (480, 640, 3)
        assert depth.shape == (480, 640)
        assert depth.dtype == np.float32
        orange = (colour[..., 0] > 180) & (colour[..., 2] < 80)
        assert orange.sum() > 100


def test_rendering_leaves_the_physics_alone_and_repeats(bench: Bench, renderer: Renderer) -> None:
    bench.reset(2)
    before = bench.snapshot()
    first = renderer.render(before, "scene")
    for _ in range(100):
        bench.step(bench.home_pose - np.array([0.0, 0.0, 0.05, 0.0, 0.0, 0.0, 0.0]), 0.03)
    moved = renderer.render(bench.snapshot(), "scene")
    again = renderer.render(before, "scene")
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], moved[0])


def test_speed_is_measured_and_wrong_cameras_are_told(bench: Bench, renderer: Renderer) -> None:
    assert renderer.probe_speed() > 0.0
    with pytest.raises(DeviceError, match=r"camera 'left'.*scene, wrist"):
        renderer.render(bench.snapshot(), "left")


def test_without_any_opengl_the_error_names_every_way(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError(f"no library for {name}")

    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr("devices.simulated.cameras._context_class", fail)
    monkeypatch.setattr("devices.simulated.cameras._forget_opengl", lambda: None)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(DeviceError, match=r"egl: no library.*osmesa: no library.*apt install"):
        Renderer(bench, SIZE)
