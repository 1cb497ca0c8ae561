"""What is exported and imported again is what was recorded, field by field, in every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from recorders.labels import read_labels
from recorders.library import find_episode
from recorders.reader import EpisodeFile
from tests.app.exchange.motions import SPECS, START_NS, make_labelled, make_motion, picture, times_of, value
from tests.app.exchange.running import bring_in, export

FORMATS = ("robomimic", "aloha", "zarr", "lerobot")
RATE_HZ = 50
PERIOD_NS = 20_000_000
SECONDS = 2.0
# type of a number in each format, and the largest mean difference of pixels: LeRobot keeps float32 and videos
EXACT = {"robomimic": 1e-9, "aloha": 1e-9, "zarr": 1e-9, "lerobot": 2e-7}
PIXELS = {"robomimic": 2.0, "aloha": 2.0, "zarr": 2.0, "lerobot": 6.0}


@pytest.fixture(scope="module", params=FORMATS)
def trip(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, str, Path]:
    """Export two episodes, import both, and return format, first folder, uuid of the labelled one, and its new file."""
    home = tmp_path_factory.mktemp(request.param)
    uuid = make_labelled(home / "first", SECONDS)
    make_motion(home / "first", 0.5, instruction="another")
    told = export(home / "first", request.param, home / "set", "--rate", str(RATE_HZ))
    assert (told["episodes"], told["rate_hz"]) == (2, RATE_HZ)
    files, refused = bring_in(home / "set", home / "second")
    assert refused == []
    assert len(files) == 2
    return request.param, home, uuid, files[0]


def grid() -> np.ndarray:
    return START_NS + np.arange(int(SECONDS * RATE_HZ) + 1) * PERIOD_NS


@pytest.mark.parametrize("topic", ["arm/pose", "arm/gripper", "arm/twist", "finger/wrench", "finger/field"])
def test_measured_streams_are_interpolated_onto_the_grid(
    trip: tuple[str, Path, str, Path], topic: str
) -> None:
    kind, _, _, path = trip
    spec = next(spec for spec in SPECS if spec.topic == topic)
    with EpisodeFile(path) as file:
        assert file.spec(topic) == spec
        assert np.array_equal(file.times_ns(topic), grid())
        shown = file.data(topic).reshape(len(grid()), -1)
    assert np.allclose(
        shown, value(topic, grid()), rtol=0, atol=max(EXACT[kind], 2e-6 if "f4" in spec.dtype else 0)
    )


def test_actions_are_what_held_one_period_later(trip: tuple[str, Path, str, Path]) -> None:
    kind, _, _, path = trip
    with EpisodeFile(path) as file:
        times, data = file.times_ns("arm/applied"), file.data("arm/applied")
    assert np.array_equal(times, grid() + PERIOD_NS)
    samples = np.minimum((grid() + PERIOD_NS - START_NS) // 10_000_000, int(SECONDS * 100))
    held = START_NS + samples * 10_000_000
    assert np.allclose(data, value("arm/applied", held), rtol=0, atol=EXACT[kind])


def test_whole_numbers_are_held_not_interpolated(trip: tuple[str, Path, str, Path]) -> None:
    with EpisodeFile(trip[3]) as file:
        data = file.data("arm/reasons")
        assert data.dtype == np.uint32
    held = START_NS + (grid() - START_NS) // 10_000_000 * 10_000_000
    assert np.array_equal(data[:, 0], value("arm/reasons", held)[:, 0].astype(np.uint32))


@pytest.mark.parametrize("topic", ["scene/color", "wrist/color"])
def test_pictures_come_back_at_their_own_times_without_repeats(
    trip: tuple[str, Path, str, Path], topic: str
) -> None:
    kind, _, _, path = trip
    spec = next(spec for spec in SPECS if spec.topic == topic)
    with EpisodeFile(path) as file:
        assert np.array_equal(file.times_ns(topic), times_of(spec, SECONDS))
        for number in range(len(file.times_ns(topic))):
            shown = simplejpeg.decode_jpeg(file.picture(topic, number)).astype(int)
            assert np.abs(shown - picture(topic, number)).mean() < PIXELS[kind]
            row = shown[8].mean(axis=1)  # the bar's end, to the pixel's neighbour
            assert (
                abs(int(np.sum(np.abs(row - row[-1]) > 20)) - number % 64) <= 2 or abs(row[0] - row[-1]) < 25
            )


def test_a_row_of_lerobot_has_the_subtask_as_its_task(trip: tuple[str, Path, str, Path]) -> None:
    kind, home, uuid, _ = trip
    if kind != "lerobot":
        return
    parquet = pytest.importorskip("pyarrow.parquet")
    names = dict(zip(*parquet.read_table(home / "set/meta/tasks.parquet").to_pydict().values(), strict=True))
    data = parquet.read_table(home / "set/data/chunk-000/file-000.parquet").to_pydict()
    rows = [names[t] for t, e in zip(data["task_index"], data["episode_index"], strict=True) if e == 0]
    subtasks = read_labels(home / "first", uuid).labels.subtasks
    said = [next((words for start, end, words in subtasks if start <= t < end), "") for t in grid()]
    assert rows == [words or "wipe it – gently" for words in said]


def test_what_was_said_of_the_episode_comes_back(trip: tuple[str, Path, str, Path]) -> None:
    kind, home, uuid, path = trip
    before, after = find_episode(home / "first", uuid), find_episode(home / "second", path.stem)
    same = "task instruction outcome operator condition seed score created phases notes start_ns end_ns"
    for name in same.split():
        assert getattr(after, name) == getattr(before, name), name
    assert (after.outcome, after.instruction) == ("success", "wipe it – gently")
    labels = read_labels(home / "second", path.stem).labels
    said = read_labels(home / "first", uuid).labels
    assert (labels.phases, labels.subtasks) == (said.phases, said.subtasks)
    assert len(said.subtasks) == 2
    assert after.provenance is not None
    assert after.provenance["parent"] == uuid
    assert after.provenance["original"] == {"parent": "an-older-one", "recipe": "pulse"}
    assert after.provenance["format"] == kind
    assert after.uuid != uuid
    resampling = after.provenance["resampling"]
    assert isinstance(resampling, dict)
    assert resampling["arm/pose"][0] == "linear and slerp"
    assert resampling["wrist/color"] == ["nearest", 0.04]
    with EpisodeFile(path) as file, EpisodeFile(before.path) as first:
        assert file.attributes["rig"] == first.attributes["rig"]
        assert file.problems() == []
        assert "task/score" not in file.topics
