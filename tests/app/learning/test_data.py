"""Resampling, features, normaliser, principal components and windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.core.episodes import EpisodeRow
from app.core.errors import LearningError
from app.core.geometry import quat_multiply, rotvec_to_quat
from app.learning.choosing import family_of
from app.learning.config import GridConfig
from app.learning.data import features, grid, rotations
from app.learning.data.arrays import read_stream, resample
from app.learning.data.dataset import Windows, join
from app.learning.data.normalise import Normaliser
from app.learning.data.pca import FieldEmbedding
from app.learning.data.split import held_out
from tests.app.learning.contact import PERIOD_NS, arrays_of, demonstrate, small_config


def test_grid_sees_only_the_past() -> None:
    times = np.array([0, 10, 20, 35], np.int64)
    data = np.array([[1.0], [2.0], [3.0], [5.0]])
    ticks = np.array([5, 20, 34, 60], np.int64)
    assert grid.newest(times, data, ticks)[:, 0].tolist() == [1, 3, 3, 5]
    assert grid.window_mean(times, data, ticks, 15)[:, 0].tolist() == [1.0, 2.5, 3.0, 5.0]


def test_grid_runs_through_the_anchor() -> None:
    assert grid.grid_times(101, 160, anchor_ns=7, period_ns=20).tolist() == [107, 127, 147]
    assert grid.grid_times(107, 107, anchor_ns=1007, period_ns=20).tolist() == [107]


@given(st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3), st.floats(-3.1, 3.1))
def test_increments_carry_one_command_to_the_next(turn: list[float], yaw: float) -> None:
    start = np.array([0.4, 0.1, 0.2, *rotvec_to_quat(np.array([2.9, 0.3, 0.0])), 0.05])
    small = rotvec_to_quat(0.01 * np.array(turn))
    following = np.array([0.401, 0.098, 0.203, *quat_multiply(small, start[3:7]), 0.06])
    stain = np.tile([0.5, 0.0, 0.1, yaw], (2, 1))
    action = features.increments(np.stack([start, following]), stain)[0]
    back = features.apply_increment(start, action, yaw, max_step_m=1.0, max_turn_rad=1.0)
    assert np.allclose(back[:3], following[:3], atol=1e-12)
    assert np.allclose(np.abs(back[3:7] @ following[3:7]), 1.0, atol=1e-12)
    assert back[7] == following[7]


def test_long_steps_are_shortened_in_their_direction() -> None:
    start = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    moved = features.apply_increment(start, np.array([0.3, 0.0, 0.4, 0.0, 0.0, 2.0, 0.08]), 0.0, 0.006, 0.05)
    assert np.allclose(moved[:3], [0.0036, 0.0, 0.0048])
    assert np.allclose(rotations.to_rotvec(moved[3:7]), [0.0, 0.0, 0.05])


def test_features_do_not_depend_on_where_the_stroke_lies() -> None:
    """Turning and shifting the whole scene changes no feature and no action."""
    episode = demonstrate(3)
    config = small_config().grid
    plain = resample(episode, config, "plain")
    turn, shift = rotvec_to_quat(np.array([0.0, 0.0, 0.7])), np.array([0.1, -0.2, 0.03])
    for topic in ("arm/pose", "arm/applied", "vision/stain"):
        for row in episode.streams[topic]:
            row[:3] = rotations.rotate_about_z(row[:3], np.asarray(0.7)) + shift
            if topic == "vision/stain":
                row[3] += 0.7
            else:
                row[3:7] = quat_multiply(turn, row[3:7])
    moved = resample(episode, config, "moved")
    assert np.allclose(moved.motion, plain.motion, atol=1e-5)
    assert np.allclose(moved.action, plain.action, atol=1e-6)


def test_trim_cuts_and_the_last_row_rests() -> None:
    episode = demonstrate(0)
    cut = resample(episode, GridConfig(), "cut", (10 * PERIOD_NS, 30 * PERIOD_NS))
    assert len(cut) == 21
    assert cut.action[-1, :6].tolist() == [0.0] * 6
    assert cut.action[:, features.OVER].tolist() == [0.0] * 20 + [1.0]
    whole = resample(episode, GridConfig(), "whole")
    assert np.allclose(cut.action[:-1], whole.action[10:30])
    with pytest.raises(LearningError, match="shorter than two ticks"):
        resample(episode, GridConfig(), "gone", (10 * PERIOD_NS, 10 * PERIOD_NS))


def test_privileged_and_missing_streams_are_refused() -> None:
    episode = demonstrate(0)
    episode.streams["task/score"] = [np.zeros(2)]
    with pytest.raises(LearningError, match="true state"):
        read_stream(episode, "task/score", "e")
    del episode.streams["finger/field"]
    with pytest.raises(LearningError, match="no stream 'finger/field'"):
        resample(episode, GridConfig(), "e")


def test_normaliser_round_trip_and_constant_channels() -> None:
    data = torch.randn(500, 3) * torch.tensor([1e-3, 0.0, 40.0]) + torch.tensor([5.0, 2.0, 0.0])
    normaliser = Normaliser(3)
    normaliser.fit(data)
    scaled = normaliser(data)
    assert torch.allclose(scaled.std(dim=0, correction=0), torch.tensor([1.0, 0.0, 1.0]), atol=1e-3)
    assert torch.allclose(normaliser.inverse(scaled), data, atol=1e-6)
    assert normaliser.inverse(torch.full((3,), 9.0))[1] == 2.0, "a constant channel stays what it was"
    assert normaliser.clipped(torch.full((3,), 1e6)).max() <= 8.0


def test_normaliser_does_not_blow_weak_channels_up() -> None:
    normaliser = Normaliser(2)
    normaliser.fit(torch.randn(1000, 2) * torch.tensor([10.0, 0.01]), floor=0.1)
    assert normaliser.scale[1] == pytest.approx(0.1 * float(normaliser.scale[0]), rel=1e-5)


def test_principal_components_span_the_data() -> None:
    basis = torch.linalg.qr(torch.randn(12, 3))[0].T
    fields = torch.randn(400, 3) * torch.tensor([5.0, 2.0, 1.0]) @ basis + 3.0
    embedding = FieldEmbedding(12, 3)
    embedding.fit(fields)
    codes = embedding(fields)
    assert torch.allclose(codes @ embedding.components + embedding.mean, fields, atol=1e-3)
    spread = codes.std(dim=0)
    assert spread[0] > spread[1] > spread[2]
    assert torch.allclose(embedding.components @ embedding.components.T, torch.eye(3), atol=1e-5)


def test_windows_are_the_brute_force_ones() -> None:
    config = small_config().grid
    episodes = arrays_of(range(3))
    series = join(episodes)
    windows = Windows(series, config, [0, 2])
    which = torch.arange(len(windows))
    chunks, seen = windows.chunk_ticks(which), windows.observation_ticks(which)
    number, offsets = 0, np.cumsum([0, *(len(e) for e in episodes)])
    for index in (0, 2):
        for start in range(len(episodes[index]) - 1):
            rows = [min(start + step, len(episodes[index]) - 1) for step in range(config.chunk)]
            assert chunks[number].tolist() == [offsets[index] + row for row in rows]
            assert seen[number].tolist() == [
                offsets[index] + max(0, start - config.history),
                offsets[index] + start,
            ]
            number += 1
    assert number == len(windows)


def test_split_holds_whole_families_out() -> None:
    names = [f"parent-{number % 40}" for number in range(60)]
    assert held_out(["a", "b", "c", "c"], 0) == frozenset()
    assert len(held_out(names, 0)) == 4
    assert held_out(names, 0) == held_out(names, 0) != held_out(names, 1)


def test_an_augmented_episode_belongs_to_its_parent() -> None:
    parent, child = (
        EpisodeRow("a", "a.h5"),
        EpisodeRow("b", "b.h5", provenance={"kind": "augmentation", "parent": "a"}),
    )
    assert family_of(parent) == family_of(child) == "a"
    part = EpisodeRow("p", "a.h5", part_of="a")
    of_part = EpisodeRow("q", provenance={"kind": "augmentation", "parent": "p", "part_of": "a"})
    assert family_of(part) == family_of(of_part) == "a"


def test_a_command_answers_the_tick_at_which_it_was_given() -> None:
    """Commands are stamped at the tick that they answer; the increment of that tick is the one they make."""
    episode = demonstrate(1)
    applied = resample(episode, GridConfig(), "applied")
    following = [*episode.streams["arm/commanded"][1:], episode.streams["arm/commanded"][-1]]
    episode.streams["arm/commanded"] = following  # as on the wire: stamped when sent, applied one tick later
    commanded = resample(episode, GridConfig(actions="commanded"), "commanded")
    assert np.allclose(commanded.action[1:-1], applied.action[1:-1], atol=1e-7)
    assert np.array_equal(commanded.motion, applied.motion)
