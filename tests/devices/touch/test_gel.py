"""A gel sensor from a video file to the field in the tool frame: tare, saturation, lost markers, a stuck camera."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DeviceError
from devices.interface import Sample
from devices.touch.gel import GelSensor
from devices.touch.options import GelSightMini
from tests.devices.contract.gel_pictures import GelPicture
from tests.devices.contract.videos import write_video
from tests.hygiene import wait_until

RATE_HZ = 100.0
MM = 18.6 / 320


def film(folder: Path, pictures: list[np.ndarray]) -> str:
    return str(write_video(folder / "gel.avi", pictures, RATE_HZ, lossless=True))


class Watched:
    """A sensor, with all that it gave and said."""

    def __init__(self, device: str, **options: object) -> None:
        self.sensor = GelSensor("finger", GelSightMini(device=device, rate_hz=RATE_HZ, **options))  # type: ignore[arg-type]
        self.said: list[str] = []
        self.samples: dict[str, list[Sample]] = {"finger/field": [], "finger/seen": [], "finger/color": []}

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.sensor.close()

    def look(self) -> None:
        self.said.extend(notice.text for notice in self.sensor.notices())
        for sample in self.sensor.collect():
            self.samples[sample.topic].append(sample)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        def looked() -> bool:
            self.look()
            return condition()

        wait_until(looked, 20.0, what)

    def heard(self, words: str) -> Callable[[], bool]:
        return lambda: any(words in text for text in self.said)

    def newest(self) -> np.ndarray:
        samples = self.samples["finger/field"]
        return np.asarray(samples[-1].data) if samples else np.zeros((63, 3))


def test_the_field_is_in_mm_in_the_tool_frame(tmp_path: Path) -> None:
    gel = GelPicture()
    moves = [min(step * 2.0, 10.0) for step in range(40)]
    path = film(tmp_path, [gel.render(gel.shear(move, 0.0), seed=i) for i, move in enumerate(moves)])
    down = (0.0, 0.0, 1.0, 0.05, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.1, 0.0, 0.0, 0.0, 1.0)
    with Watched(path, pose=down) as watched:
        markers = watched.sensor.markers_m()
        watched.until(
            lambda: len(watched.samples["finger/field"]) > 0 and watched.newest()[:, 1].max() > 9.5 * MM,
            "motion",
        )
        field = watched.newest()
    assert field[:, 1] == pytest.approx(10.0 * MM, abs=0.2 * MM)  # picture x is tool y
    assert np.abs(field[:, 2]).max() < 0.2 * MM  # picture y is tool z
    assert np.abs(field[:, 0]).max() < 0.05  # out of the gel is tool x; shear alone presses nothing
    assert markers.shape == (63, 3)
    assert markers.mean(axis=0) == pytest.approx([0.05, 0.0, 0.1], abs=1e-4)
    assert np.ptp(markers[:, 1]) == pytest.approx(0.8 * 18.6e-3, rel=0.03)


def test_tare_makes_the_present_the_zero(tmp_path: Path) -> None:
    gel = GelPicture()
    first = [gel.render(gel.shear(step * 2.0, 0.0), seed=step) for step in range(5)]
    path = film(tmp_path, [*first, *(gel.render(gel.shear(8.0, 0.0), seed=i) for i in range(5, 120))])
    with Watched(path, saturation_mm=5.0) as watched:
        watched.until(
            lambda: bool(watched.samples["finger/field"]) and watched.newest()[:, 0].min() > 7.5 * MM,
            "motion",
        )
        watched.sensor.tare()
        watched.until(lambda: np.abs(watched.newest()).max() < 0.3 * MM, "the new zero")


def test_saturation_lost_markers_and_their_return_are_told_once(tmp_path: Path) -> None:
    gel = GelPicture()
    hidden = (10, 11)
    calm = [gel.render(gel.shear(0, 0), seed=i) for i in range(10)]
    pushed = [gel.render(gel.shear(8.0 * min(i / 4, 1.0), 0), seed=20 + i) for i in range(10)]
    blind = [gel.render(gel.shear(8.0, 0), seed=40 + i, hidden=hidden) for i in range(40)]
    back = [gel.render(gel.shear(8.0 * max(0.0, 1 - i / 4), 0), seed=90 + i) for i in range(20)]
    path = film(tmp_path, [*calm, *pushed, *blind, *back])
    with Watched(path, saturation_mm=0.3, lost_s=0.1) as watched:
        watched.until(watched.heard("end of its range"), "saturation")
        watched.until(watched.heard("2 of 63 markers are not seen"), "lost markers")
        seen = [np.asarray(sample.data) for sample in watched.samples["finger/seen"]]
        assert np.flatnonzero(seen[-1] == 0).tolist() == list(hidden)
        watched.until(watched.heard("every marker is seen again"), "their return")
        watched.until(watched.heard("back in its range"), "the end of saturation")
    assert sum("end of its range" in text for text in watched.said) == 1
    assert all(text.startswith("touch sensor 'finger': ") for text in watched.said)


def test_a_camera_that_repeats_one_picture_is_stuck(tmp_path: Path) -> None:
    gel = GelPicture()
    still = gel.render(gel.shear(0, 0), seed=1)
    path = film(tmp_path, [*(gel.render(gel.shear(0, 0), seed=i) for i in range(20)), *[still] * 60])
    with Watched(path, stuck_s=0.2) as watched:
        watched.until(watched.heard("it is stuck"), "the stuck sensor")
        watched.until(watched.heard("changes again"), "the film's new start")


def test_a_picture_without_markers_is_refused(tmp_path: Path) -> None:
    plain = np.random.default_rng(0).integers(100, 110, (240, 320, 3), dtype=np.uint8)
    with pytest.raises(DeviceError, match=r"markers are seen where 7×9 were expected.*Lift the finger"):
        Watched(film(tmp_path, [plain] * 30))
