"""The marker field: shape, direction and size of what the gel shows."""

from __future__ import annotations

import numpy as np
import pytest

from devices.simulated.pad import (
    MARKERS,
    PadSensor,
    half_space_displacement,
    marker_rest_positions,
)


def loaded(force: tuple[float, float, float], point: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Return the field (63, 3) after the load has lasted 0.1 s."""
    sensor = PadSensor()
    sensor.reset(np.random.default_rng(0))
    wrench = np.array([*force, 0.0, 0.0, 0.0])
    for _ in range(50):
        sensor.update(wrench, np.array(force), np.array([*point, 0.0]))
    return sensor.field()


def test_markers_lie_on_the_gel() -> None:
    rest = marker_rest_positions()
    assert rest.shape == (MARKERS, 3) == (63, 3)
    assert np.abs(rest.mean(axis=0)[:2]).max() < 1e-12
    assert rest[:, 2].max() == 0.0
    assert rest[:, 2].min() > -0.008


def test_pressing_moves_markers_inward_most_where_it_is_pressed() -> None:
    field = loaded((0.0, 0.0, -8.0), (0.006, -0.006))
    deepest = marker_rest_positions()[np.argmin(field[:, 2])]
    assert -2.5 < field[:, 2].min() < -0.5
    assert np.allclose(deepest[:2], [0.006, -0.006], atol=0.0016)


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0), (-0.6, 0.8)])
def test_shear_drags_the_markers_along(direction: tuple[float, float]) -> None:
    shear = 4.0 * np.array(direction)
    drag = loaded((shear[0], shear[1], -8.0)).mean(axis=0)[:2]
    cosine = drag @ direction / np.linalg.norm(drag)
    assert cosine > 0.99
    assert 0.1 < np.linalg.norm(drag) < 2.0


def test_nothing_but_noise_without_a_load() -> None:
    field = loaded((0.0, 0.0, 0.0))
    assert field.dtype == np.float32
    assert 0.002 < field.std() < 0.02


def test_the_half_space_is_linear_and_smooth() -> None:
    rng = np.random.default_rng(1)
    offset = rng.uniform(-0.01, 0.01, (30, 2))
    one, two = np.array([1.0, -2.0, -8.0]), np.array([0.5, 1.0, -8.0])
    both = half_space_displacement(offset, np.array([1.5, -1.0, -8.0]))
    parts = half_space_displacement(offset, one) + half_space_displacement(offset, two)
    normal = half_space_displacement(offset, np.array([0.0, 0.0, -8.0]))
    assert np.allclose(both, parts - normal)
    nearby = half_space_displacement(offset + 1e-5, one)
    assert np.abs(nearby - half_space_displacement(offset, one)).max() < 1e-5


def test_reading_more_often_changes_nothing() -> None:
    sensors = [PadSensor(), PadSensor()]
    for sensor in sensors:
        sensor.reset(np.random.default_rng(5))
    for _ in range(10):
        for sensor in sensors:
            sensor.update(np.ones(6), np.array([0.0, 0.0, -1.0]), np.zeros(3))
        sensors[0].wrench()
        sensors[0].field()
    assert np.array_equal(sensors[0].wrench(), sensors[1].wrench())
    assert np.array_equal(sensors[0].field(), sensors[1].field())
