"""Marker tracking on rendered gels with known displacements."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.errors import DeviceError
from devices.touch.field import displacement, growth
from devices.touch.gel import to_gray
from devices.touch.markers import Tracker, arrange, find_blobs
from tests.devices.contract.gel_pictures import COLUMNS, ROWS, GelPicture

SIZES = [GelPicture(), GelPicture(size=(640, 480), radius=9.0, noise=4.0, tilt=-0.05)]


def spacing_of(gel: GelPicture) -> float:
    return min(gel.size[0] / COLUMNS, gel.size[1] / ROWS)


def start(gel: GelPicture) -> Tracker:
    blobs = find_blobs(to_gray(gel.render(gel.shear(0, 0), seed=99)), spacing_of(gel))
    return Tracker(arrange("finger", blobs, ROWS, COLUMNS), spacing_of(gel))


@pytest.mark.parametrize("gel", SIZES, ids=["320", "640"])
def test_rest_is_found_to_a_tenth_of_a_pixel(gel: GelPicture) -> None:
    tracker = start(gel)
    assert np.abs(tracker.position - gel.rest).max() < 0.15
    assert np.sqrt(np.square(tracker.position - gel.rest).mean()) < 0.06


@pytest.mark.parametrize("gel", SIZES, ids=["320", "640"])
def test_motion_is_followed_within_0_15_px(gel: GelPicture) -> None:
    tracker = start(gel)
    zero = tracker.position.copy()
    worst = []
    for step in range(1, 16):
        phase = step / 15
        truth = gel.shear(14.0 * phase, -9.0 * phase) + gel.dent(4.0 * phase)
        tracker.update(to_gray(gel.render(truth, seed=step)))
        assert tracker.seen.all()
        worst.append(np.abs(tracker.position - zero - truth).max())
    assert max(worst) < 0.2
    assert float(np.mean(worst)) < 0.15


def test_a_turn_of_the_gel_is_followed() -> None:
    gel = GelPicture()
    tracker = start(gel)
    zero, middle = tracker.position.copy(), gel.rest.mean(axis=0)
    for angle in np.linspace(0.01, 0.12, 8):
        cosine, sine = np.cos(angle), np.sin(angle)
        turned = (gel.rest - middle) @ np.array([[cosine, sine], [-sine, cosine]]) + middle
        tracker.update(to_gray(gel.render(turned - gel.rest, seed=int(angle * 1000))))
    assert np.abs(tracker.position - zero - (turned - gel.rest)).max() < 0.2


def test_hidden_markers_are_filled_in_marked_and_found_again() -> None:
    gel = GelPicture()
    tracker = start(gel)
    hidden = (0, 31, 32)
    for step in range(1, 11):
        truth = gel.shear(1.2 * step, 0.5 * step)
        tracker.update(to_gray(gel.render(truth, seed=step, hidden=hidden)))
    assert np.flatnonzero(~tracker.seen).tolist() == list(hidden)
    assert np.abs(tracker.position - gel.rest - truth).max() < 0.4
    tracker.update(to_gray(gel.render(truth, seed=50)))
    assert tracker.seen.all()


def test_darkness_of_the_whole_picture_is_no_motion_and_no_marker() -> None:
    gel = GelPicture()
    tracker = start(gel)
    before = tracker.position.copy()
    tracker.update(np.full((240, 320), 7, np.uint8))
    assert not tracker.seen.any()
    assert np.array_equal(tracker.position, before)


def test_a_wrong_grid_is_refused_with_what_was_seen() -> None:
    gel = GelPicture()
    blobs = find_blobs(to_gray(gel.render(gel.shear(0, 0), hidden=(4, 5))), spacing_of(gel))
    with pytest.raises(DeviceError, match="61 markers are seen where 7×9"):
        arrange("finger", blobs, 7, 9)
    full = find_blobs(to_gray(gel.render(gel.shear(0, 0))), spacing_of(gel))
    with pytest.raises(DeviceError, match="no grid of 9 rows and 7 columns"):
        arrange("finger", full, 9, 7)


def grid(points: np.ndarray) -> np.ndarray:
    return points.reshape(ROWS, COLUMNS, 2)


@pytest.mark.parametrize("amount", [-0.1, 0.0, 0.05, 0.3])
def test_growth_of_an_even_flow_is_exact(amount: float) -> None:
    gel = GelPicture()
    assert growth(grid(gel.rest), grid(gel.rest + gel.press(amount))) == pytest.approx(amount, abs=1e-9)


def test_shear_and_rotation_alone_give_no_indentation() -> None:
    gel = GelPicture()
    middle = gel.rest.mean(axis=0)
    turned = (gel.rest - middle) @ np.array([[0.96, 0.28], [-0.28, 0.96]]) + middle + [5.0, -3.0]
    field = displacement(grid(gel.rest), grid(turned), 0.06, 1.0)
    assert np.abs(field[..., 2]).max() < 1e-9
    assert field[3, 4, :2] == pytest.approx(0.06 * (turned - gel.rest)[3 * COLUMNS + 4])


def test_pressing_moves_markers_inwards_where_it_presses() -> None:
    gel = GelPicture()
    z = displacement(grid(gel.rest), grid(gel.rest + gel.dent(3.0)), 0.06, 1.0)[..., 2]
    assert z[3, 4] < -0.05
    assert abs(z[0, 0]) < abs(z[3, 4]) / 3
