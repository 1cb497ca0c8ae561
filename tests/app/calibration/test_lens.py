"""Intrinsics from rendered boards against the camera that they were rendered through."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.calibration.board import Finder, board_picture, save_board
from app.calibration.lens import calibrate_lens
from app.calibration.views import Collection, View
from app.core.calibration import BoardSpec, CalibrationError
from app.core.errors import UsageError
from tests.app.calibration.boards import DISTORTION, MATRIX, SIZE, SPEC, look, spread_poses


@pytest.fixture(scope="module")
def collection() -> Collection:
    rng = np.random.default_rng(4)
    found = Collection(Finder(SPEC), SIZE)
    for pose in spread_poses(14, rng):
        sighting = found.finder.find(look(pose, rng))
        if sighting is not None:
            found.views.append(View(sighting))
    return found


def test_the_lens_is_recovered_from_rendered_boards(collection: Collection) -> None:
    assert len(collection.views) >= 12
    lens = calibrate_lens(collection)
    assert lens.matrix[0, 0] == pytest.approx(MATRIX[0, 0], rel=0.005)
    assert lens.matrix[1, 1] == pytest.approx(MATRIX[1, 1], rel=0.005)
    assert lens.matrix[:2, 2] == pytest.approx(MATRIX[:2, 2], abs=2.0)
    assert lens.distortion[:2] == pytest.approx(DISTORTION[:2], abs=0.03)
    assert lens.rms_px < 0.15
    assert not any(view.rejected for view in collection.views)


def test_a_view_that_disagrees_is_found_and_left_out(collection: Collection) -> None:
    spoiled = Collection(collection.finder, SIZE, [View(view.sighting) for view in collection.views])
    bad = spoiled.views[3]
    shaken = bad.sighting.corners + np.random.default_rng(1).normal(0, 2.0, bad.sighting.corners.shape)
    spoiled.views[3] = View(type(bad.sighting)(bad.sighting.ids, shaken))
    lens = calibrate_lens(spoiled)
    assert [index for index, view in enumerate(spoiled.views) if view.rejected] == [3]
    assert lens.matrix[0, 0] == pytest.approx(MATRIX[0, 0], rel=0.005)


def test_too_few_views_say_what_is_missing(collection: Collection) -> None:
    few = Collection(collection.finder, SIZE, collection.views[:4])
    with pytest.raises(CalibrationError, match=r"needs 10.*(Tilt|Show|more views)"):
        calibrate_lens(few)
    assert few.advice()
    assert not few.is_new(few.views[0].sighting)
    assert few.coverage().sum() == sum(len(view.sighting.ids) for view in few.views)


def test_the_pdf_has_the_boards_true_size_and_its_pixels(tmp_path: Path) -> None:
    save_board(SPEC, tmp_path / "board.pdf")
    data = (tmp_path / "board.pdf").read_bytes()
    size = re.search(rb"q ([\d.]+) 0 0 ([\d.]+) ", data)
    assert size is not None
    millimetres = [float(value) / 72 * 25.4 for value in size.groups()]
    assert millimetres == pytest.approx([240.0, 180.0], abs=0.01)
    stream = data[data.index(b"/FlateDecode") :]
    bits = zlib.decompress(stream[stream.index(b"stream\n") + 7 : stream.index(b"\nendstream")])
    picture = np.unpackbits(np.frombuffer(bits, np.uint8).reshape(1800, -1), axis=1)[:, :2400] * 255
    found = Finder(SPEC).find(
        np.ascontiguousarray(cv2.resize(picture, (800, 600), interpolation=cv2.INTER_AREA))
    )
    assert found is not None
    assert len(found.ids) == 7 * 5


def test_the_png_says_its_resolution_and_wrong_boards_are_told(tmp_path: Path) -> None:
    save_board(SPEC, tmp_path / "board.png")
    data = (tmp_path / "board.png").read_bytes()
    place = data.index(b"pHYs") + 4
    assert int.from_bytes(data[place : place + 4], "big") == 10_000  # 300 pixels in 30 mm
    read = cv2.imread(str(tmp_path / "board.png"), cv2.IMREAD_GRAYSCALE)
    assert read is not None
    assert np.array_equal(read, board_picture(SPEC))
    with pytest.raises(UsageError, match="DICT_5X5_100"):
        Finder(BoardSpec(dictionary="DICT_9X9"))
    with pytest.raises(UsageError, match="fits on no paper"):
        save_board(BoardSpec(square_m=0.2, marker_m=0.15), tmp_path / "large.pdf")
