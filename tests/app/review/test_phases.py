"""Contact phases: properties on made-up takes, and simulated strokes against what the scripted operator did."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.review.phases import NAMES, Phase, Thresholds, debounced, find_phases, window_mean

SECOND = 1_000_000_000
DOWN = (0.0, 1.0, 0.0, 0.0)  # the tool's z axis points down


def strokes(
    rate_hz: float, contacts: list[tuple[float, float, bool]], end_s: float
) -> tuple[np.ndarray, ...]:
    """Return times, force and poses of a tool that comes down, rests or slides, and goes up again.

    Args:
        contacts: Pause before, length, and whether it slides after its first half second.
    """
    t = np.arange(0.0, end_s, 1.0 / rate_hz)
    force, x, z = np.zeros(len(t)), np.zeros(len(t)), np.full(len(t), 0.1)
    at = 0.0
    for pause, length, slides in contacts:
        begin, stop = at + pause, at + pause + length
        force += np.clip(np.minimum(t - begin, stop - t) / 0.02, 0.0, 1.0) * 8.0
        height = np.interp(t, [at, at + pause / 2, begin, stop], [0.0, 0.1, 0.0, 0.0])
        z = np.where((t >= at) & (t <= stop), height, z)
        if slides:
            x += np.clip(t - begin - 0.5, 0.0, max(0.0, length - 0.5)) * 0.1
        at = stop
    z = np.where(t > at, np.minimum(0.1, (t - at) * 0.1), z)
    poses = np.column_stack([x, np.zeros(len(t)), z, np.tile(DOWN, (len(t), 1))])
    return np.round(t * 1e9).astype(np.int64), force, poses


def names(phases: list[Phase]) -> list[str]:
    return [phase.name for phase in phases]


def test_a_stroke_is_approach_contact_slide_release() -> None:
    t, force, poses = strokes(250.0, [(1.0, 2.5, True)], 5.0)
    found = find_phases(t, force, Thresholds(), t, poses)
    assert names(found) == ["approach", "contact", "slide", "release"]
    seconds = [phase.start_ns * 1e-9 for phase in found]
    np.testing.assert_allclose(seconds, [0.0, 1.0, 1.5, 3.5], atol=0.06)


def test_between_two_contacts_the_tool_turns_where_it_is_farthest() -> None:
    t, force, poses = strokes(250.0, [(1.0, 1.0, False), (2.0, 1.0, False)], 6.0)
    found = find_phases(t, force, Thresholds(), t, poses)
    assert names(found) == ["approach", "contact", "release", "approach", "contact", "release"]
    assert found[3].start_ns * 1e-9 == pytest.approx(3.0, abs=0.05)  # halfway between 2 s and 4 s


def test_a_knock_and_a_bounce_are_no_phases() -> None:
    t, force, poses = strokes(1000.0, [(1.0, 0.05, False), (1.0, 1.0, False), (0.05, 1.0, False)], 5.0)
    found = find_phases(t, force, Thresholds(), t, poses)
    assert names(found) == ["approach", "contact", "release"]
    assert (found[1].end_ns - found[1].start_ns) * 1e-9 == pytest.approx(2.05, abs=0.03)


@pytest.mark.parametrize("level", [0.0, 0.4, 0.9])
def test_without_contact_there_is_no_phase(level: float) -> None:
    t, force, poses = strokes(250.0, [], 3.0)
    assert find_phases(t, force + level, Thresholds(), t, poses) == []


def test_a_high_threshold_sees_less() -> None:
    t, force, poses = strokes(250.0, [(1.0, 1.0, False)], 3.0)
    assert find_phases(t, force, Thresholds(enter=9.0, leave=4.0), t, poses) == []
    assert find_phases(t, force, Thresholds(enter=7.0, leave=4.0), t, poses)


def test_without_a_pose_nothing_slides() -> None:
    t, force, _ = strokes(250.0, [(1.0, 2.0, True)], 4.0)
    assert names(find_phases(t, force, Thresholds())) == ["approach", "contact", "release"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1.0, 30.0, allow_nan=False), min_size=2, max_size=300),
    st.floats(0.1, 10.0), st.floats(0.0, 1.0), st.integers(0, 2**31),
)  # fmt: skip
def test_phases_follow_each_other_without_holes(
    force: list[float], enter: float, share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.integers(1, 20_000_000, len(force))).astype(np.int64)
    poses = np.column_stack([rng.normal(size=(len(force), 3)), np.tile(DOWN, (len(force), 1))])
    found = find_phases(t, np.array(force), Thresholds(enter=enter, leave=enter * share), t, poses)
    assert all(phase.name in NAMES and phase.start_ns < phase.end_ns for phase in found)
    assert all(a.end_ns == b.start_ns for a, b in pairwise(found))
    assert all(a.name != b.name for a, b in pairwise(found))
    if found:
        assert (found[0].start_ns, found[-1].end_ns) == (t[0], t[-1])
        assert max(force) >= enter


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.3, 2.0), st.floats(0.4, 3.0), st.booleans()), min_size=1, max_size=4
    ).filter(lambda all_: all(not slides or length > 1.0 for _, length, slides in all_)),
    st.sampled_from([125.0, 333.0, 500.0]),
)
def test_the_sampling_rate_moves_an_edge_by_a_sample_at_most(
    contacts: list[tuple[float, float, bool]], rate_hz: float
) -> None:
    end = sum(pause + length for pause, length, _ in contacts) + 1.0
    fine, coarse = (strokes(rate, contacts, end) for rate in (1000.0, rate_hz))
    (a, force_a, poses_a), (b, force_b, poses_b) = fine, coarse
    span = (0, int(b[-1]))
    first = find_phases(a, force_a, Thresholds(), a, poses_a, span)
    second = find_phases(b, force_b, Thresholds(), b, poses_b, span)
    assert names(first) == names(second)
    apart = max(abs(x.start_ns - y.start_ns) for x, y in zip(first, second, strict=True))
    assert apart <= 1.0 / rate_hz * SECOND + 5_000_000  # a sample, and a step of the grid of speeds


def test_pauses_are_bridged_before_short_spans_are_dropped() -> None:
    assert debounced([(0.0, 0.05), (0.08, 0.2), (1.0, 1.04)], 0.1, 0.1) == [(0.0, 0.2)]


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=50), st.floats(0.001, 0.2))
@settings(max_examples=30, deadline=None)
def test_the_mean_of_a_line_is_the_line(values: list[float], width: float) -> None:
    t = np.linspace(0.0, 1.0, len(values))
    line = 3.0 * t + 1.0
    inner = (t > width) & (t < 1 - width)
    np.testing.assert_allclose(window_mean(t, line, width)[inner], line[inner], atol=1e-6)
    assert window_mean(t, np.array(values), width).max() <= max(values) + 1e-6
