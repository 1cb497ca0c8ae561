"""What is drawn over the simulator's pictures lies on the true pixel: all cameras, random poses of the arm."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.core.geometry import pose_to_matrix, quat_multiply, rotvec_to_quat, transform_points
from devices.simulated.bench import Bench
from devices.simulated.cameras import Renderer
from devices.simulated.looks import fading_stain
from widgets.views.live import Live, Touch
from widgets.views.overlay import Overlay

SIZE = (640, 480)
PATCH = 10
LEAST_PIXELS = 12


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench(picture=SIZE)
    yield bench
    bench.close()


@pytest.fixture
def renderer(bench: Bench) -> Iterator[Renderer]:
    """A renderer that shows one patch of the stain as a green sphere."""
    renderer = Renderer(bench, SIZE)
    model = renderer._model
    for patch in range(20):
        model.geom_rgba[model.geom(f"patch_{patch}").id, 3] = 0.0
    geom = model.geom(f"patch_{PATCH}").id
    model.geom_size[geom] = 0.006
    model.geom_pos[geom][2] = 0.008
    model.geom_rgba[geom] = [0.0, 1.0, 0.0, 1.0]
    renderer._show = fading_stain(model)
    yield renderer
    renderer.close()


def sphere_pixel(colour: np.ndarray) -> np.ndarray | None:
    """Return the middle (u, v) of the green sphere; None if it is hidden or cut by the picture's edge."""
    red, green, blue = (colour[..., channel].astype(int) for channel in range(3))
    rows, columns = np.nonzero((green > 2 * red) & (green > 2 * blue) & (green > 60))
    whole = len(rows) >= LEAST_PIXELS and rows.min() > 0 and rows.max() < SIZE[1] - 1
    if not whole or columns.min() == 0 or columns.max() == SIZE[0] - 1:
        return None
    box = np.ptp(rows) + 1, np.ptp(columns) + 1
    if max(box) > 1.4 * min(box):
        return None  # partly behind the arm
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


def test_an_arrow_at_a_known_point_begins_on_its_pixel(bench: Bench, renderer: Renderer) -> None:
    rng = np.random.default_rng(11)
    bench.reset(5, "nominal")
    worst = {"scene": [], "wrist": []}  # type: dict[str, list[float]]
    for _ in range(8):
        target = bench.home_pose.copy()
        target[:3] += rng.uniform([-0.03, -0.06, 0.0], [0.09, 0.06, 0.12])
        target[3:] = quat_multiply(rotvec_to_quat(rng.uniform(-0.3, 0.3, 3)), target[3:])
        for _ in range(250):
            bench.step(target, 0.04)
        snapshot, pose = bench.snapshot(), bench.arm_state().pose
        sphere = renderer._model.geom(f"patch_{PATCH}").pos[None]
        point = transform_points(pose_to_matrix(snapshot.places[0]), sphere)[0]
        place = np.eye(4)
        place[:3, 3] = transform_points(np.linalg.inv(pose_to_matrix(pose)), point[None])[0]
        live = Live(pose=pose, touches=(Touch("probe", place, np.array([0, 0, -9.0, 0, 0, 0])),))
        for camera, errors in worst.items():
            seen = sphere_pixel(renderer.render(snapshot, camera)[0])
            arrow = Overlay.project(bench.camera_info(camera), live).marks[0].arrow
            assert arrow is not None
            if seen is not None:
                errors.append(float(np.linalg.norm(arrow[0] - seen)))
    for camera, errors in worst.items():
        assert len(errors) >= 3, camera
        assert max(errors) <= 1.0, (camera, errors)
