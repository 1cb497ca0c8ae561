"""Pictures on the grid and in their cache: never a later one, the same whoever asks, made again when they are gone."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import simplejpeg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import LearningError, UsageError
from app.learning import load
from app.learning.config import CamerasConfig, GridConfig
from app.learning.data.arrays import resample
from app.learning.data.dataset import Windows, join
from app.learning.data.gallery import CACHE, open_gallery
from app.learning.data.pictures import square
from app.learning.data.sources import load_file, load_folders, sources_of, with_pictures
from app.learning.encoders.cameras import CameraEncoders, crop
from recorders.reader import EpisodeFile
from tests.app.learning.contact import PERIOD_NS
from tests.app.learning.filmed import SMALL, TOPIC, Filmed, write_filmed

GRID = GridConfig(chunk=24, history=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filmed")
    for seed in range(2):
        write_filmed(folder, seed)
    return folder


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3_000_000_000), min_size=1, max_size=40, unique=True))
def test_each_tick_has_the_last_picture_that_is_not_later(times: list[int]) -> None:
    shown = np.sort(np.array(times, dtype=np.int64))
    episode = Filmed(0, shown)
    end = int(episode.times_ns("arm/pose")[-1])
    if shown[0] > end - 3 * PERIOD_NS:
        return
    arrays = resample(episode, GRID, "e", cameras=("scene",))
    first = -(-int(shown[0]) // PERIOD_NS) * PERIOD_NS
    for tick in range(len(arrays)):
        t_ns = first + tick * PERIOD_NS
        last = max(number for number in range(len(shown)) if shown[number] <= t_ns)
        assert arrays.frames[tick, 0] == last
        assert arrays.frame_age_ns[tick, 0] == t_ns - shown[last]


def test_windows_see_the_pictures_of_their_two_ticks(folder: Path, tmp_path: Path) -> None:
    episodes = load_folders([folder], GRID, 0, SMALL.names)
    series = with_pictures(join([e.arrays for e in episodes]), sources_of(episodes), SMALL, tmp_path)
    windows = Windows(series, GRID, [0, 1], SMALL)
    which = torch.tensor([0, 1, 17, len(windows) - 1])
    seen = windows.pictures(which)
    assert seen.shape == (4, 2, 1, 16, 16, 3)
    for row, ticks in enumerate(windows.observation_ticks(which).tolist()):
        for moment, tick in enumerate(ticks):
            number = int(series.episode[tick])
            with EpisodeFile(episodes[number].source.file) as file:
                in_episode = tick - int(series.first[tick]) + episodes[number].source.start_ns // PERIOD_NS
                jpeg = file.picture(TOPIC, in_episode // 4)
            assert np.array_equal(seen[row, moment, 0].numpy(), square(jpeg, 16, "p"))


def test_a_part_of_an_episode_sees_its_own_pictures(folder: Path) -> None:
    path = next(iter(sorted((folder / "episodes").glob("*.h5"))))
    part = load_file(path, (41 * PERIOD_NS, 60 * PERIOD_NS), GRID, False, "part", SMALL.names)
    assert part.arrays.frames[:, 0].tolist() == [(41 + tick) // 4 for tick in range(len(part.arrays))]


def test_what_is_gone_or_broken_in_the_cache_is_made_again(folder: Path, tmp_path: Path) -> None:
    sources = sources_of(load_folders([folder], GRID, 0, SMALL.names))
    ask = (torch.tensor([0, 1, 1]), torch.tensor([[0], [3], [5]]))
    before = open_gallery(tmp_path / CACHE, sources, SMALL).gather(*ask)
    one, other = sorted((tmp_path / CACHE).glob("*.npy"))
    one.unlink()
    other.write_bytes(other.read_bytes()[:500])
    assert torch.equal(open_gallery(tmp_path / CACHE, sources, SMALL).gather(*ask), before)
    assert sorted((tmp_path / CACHE).iterdir()) == [one, other]


def test_the_cache_stays_within_its_limit(folder: Path, tmp_path: Path) -> None:
    sources = sources_of(load_folders([folder], GRID, 0, SMALL.names))
    open_gallery(tmp_path, sources, SMALL)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    larger = msgspec.structs.replace(SMALL, size=20)
    open_gallery(tmp_path, sources, larger, limit=2 * size)
    assert all("-20-" in path.name for path in tmp_path.iterdir())
    with pytest.raises(LearningError, match="they need more than"):
        open_gallery(tmp_path, sources, larger, limit=size // 2)


def test_a_camera_that_is_not_there_is_refused_with_those_that_are(folder: Path) -> None:
    with pytest.raises(LearningError, match="'nose'") as caught:
        load_folders([folder], GRID, 0, ("scene", "nose"))
    assert "scene" in caught.value.sentence()


def stale_free(tick: int) -> bool:
    """Say for the test below whether the picture of a tick is at most ten ticks old."""
    return min(tick - shown for shown in (0, 1, 2, 60, 61) if shown <= tick) <= 10


def test_windows_with_a_stale_picture_are_left_out() -> None:
    shown = np.array([0, 1, 2, 60, 61]) * PERIOD_NS
    series = join([resample(Filmed(0, shown), GRID, "e", cameras=("scene",))])
    stale = CamerasConfig(names=("scene",), stale_ns=10 * PERIOD_NS)
    starts = Windows(series, GRID, [0], stale).starts.tolist()
    assert starts == [
        tick for tick in range(len(series) - 1) if stale_free(tick) and stale_free(max(0, tick - 2))
    ]


def test_a_square_is_the_mean_of_areas() -> None:
    picture = np.zeros((48, 64, 3), dtype=np.uint8)
    picture[:, 32:] = 200
    small = square(simplejpeg.encode_jpeg(picture, quality=95, colorspace="RGB"), 4, "p").astype(int)
    assert np.abs(small - [[[0], [0], [200], [200]]]).max() <= 2
    with pytest.raises(LearningError, match="cannot be decoded"):
        square(b"no picture", 4, "p")


def test_crops_are_what_slices_are_and_the_same_for_both_moments() -> None:
    generator = torch.Generator().manual_seed(0)
    config = CamerasConfig(names=("a", "b"), size=20, crop=0.8, features=4)
    pictures = torch.randint(0, 256, (5, 2, 2, 20, 20, 3), dtype=torch.uint8, generator=generator)
    offsets = CameraEncoders(config).random_offsets(200, generator)
    assert set(offsets.flatten().tolist()) == set(range(5))
    cut = crop(pictures, offsets[:5], 16)
    for window, (row, column) in enumerate(offsets[:5].tolist()):
        assert torch.equal(cut[window], pictures[window, :, :, row : row + 16, column : column + 16])


def test_the_same_series_without_cameras_has_no_pictures() -> None:
    series = join([resample(Filmed(0, np.array([0])), GRID, "e")])
    assert series.frames.shape == (len(series), 0)
    with pytest.raises(LearningError, match="were not loaded"):
        Windows(replace(series, gallery=None), GRID, [0]).pictures(torch.tensor([0]))


def test_the_bench_counts_windows_with_and_without_pictures(folder: Path) -> None:
    parser = argparse.ArgumentParser()
    load.add_arguments(parser)
    words = [str(folder), "--cameras", "scene", "--picture", "16", "--seconds", "0.05"]
    args = parser.parse_args([*words, "--batch", "4"])
    args.hub = args.run_id = None
    result = load.run(args)
    assert result["windows"] == result["pictures_windows"] > 150
    assert result["windows_per_s"] > result["pictures_windows_per_s"] > 0.0
    assert 0.0 < result["wait_share"] <= 1.0
    args.batch = 0
    with pytest.raises(UsageError, match="--batch"):
        load.run(args)
