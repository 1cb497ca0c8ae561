"""Outliers, what to watch, TQ and SACo: closed forms, oracles, and the order of the episodes does not matter."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.quality.coverage import _codes, cells_of
from app.quality.dataset import Contribution, measure_set
from app.quality.limits import LIMITS, MEASURES
from app.quality.material import Material, Stream
from app.quality.outliers import joint_distance, outlier_flags, robust_z, watch_list
from recorders.measures import Measured, QualityFlag


def made(number: int, **numbers: float) -> Measured:
    chance = np.random.default_rng(number)
    usual = {"length_s": 6.0 + chance.normal(0, 0.3), "peak_n": 9.0 + chance.normal(0, 0.6), "speed_m_s": 0.2,
             "contact_share": 0.5 + chance.normal(0, 0.03)}  # fmt: skip
    return Measured(f"u{number:03d}", "v", {**usual, **numbers})


def a_set(count: int = 40) -> dict[str, Measured]:
    known = [made(number) for number in range(count)]
    known[7] = made(7, length_s=15.0)
    known[11] = made(11, peak_n=30.0)
    known[20] = Measured(
        "u020", "v", known[20].measures, flags=(QualityFlag("drift", "warning", "x (limit 1)", 5, 6),)
    )
    return {each.uuid: each for each in known}


def test_what_is_unlike_the_others_is_named_with_number_and_limit() -> None:
    flags = outlier_flags(a_set())
    assert set(flags) == {"u007", "u011"}
    (length,) = flags["u007"]
    assert "Length 15.0 s" in length.text
    assert "limit 5" in length.text
    assert length.value > 5.0


@settings(deadline=None, max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_episodes_does_not_matter(shuffle: random.Random) -> None:
    known = a_set()
    flags = outlier_flags(known)
    mixed = list(known.items())
    shuffle.shuffle(mixed)
    again = outlier_flags(dict(mixed))
    assert again == flags
    assert watch_list(dict(mixed), again, 3) == watch_list(known, flags, 3)


def test_the_budget_is_kept_and_problems_take_turns() -> None:
    known = {
        f"u{number}": Measured(f"u{number}", "v", flags=(QualityFlag("drift", "warning", "drift", 1, 2),))
        for number in range(20)
    }
    known["v"] = Measured("v", "v", flags=(QualityFlag("dark", "warning", "dark", 9, 9),))
    chosen = watch_list(known, {}, 4)
    assert [item.uuid for item in chosen] == ["u0", "v", "u1", "u10"]
    assert [item.place_ns for item in chosen[:2]] == [1, 9]
    assert watch_list({}, {}, 8) == []


def test_a_small_set_is_not_judged() -> None:
    known = {each.uuid: each for each in (made(n, length_s=6.0 if n else 60.0) for n in range(8))}
    assert outlier_flags(known) == {}


def test_a_place_that_is_odd_only_in_all_together_is_found() -> None:
    """On a line of two measures that go together, one point beside the line: neither of its numbers is extreme."""
    known = {}
    for number in range(60):
        s = (number % 30 - 15) / 10.0
        known[f"u{number:02d}"] = Measured(
            f"u{number:02d}", "v", {"length_s": 6.0 + s, "peak_n": 9.0 + 2 * s}
        )
    known["odd"] = Measured("odd", "v", {"length_s": 6.0 + 1.4, "peak_n": 9.0 - 2 * 1.4})
    flags = outlier_flags(known)
    assert set(flags) == {"odd"}
    assert flags["odd"][0].topic == "all"


def test_sharpness_is_judged_among_pictures_of_one_size() -> None:
    known = {}
    for number in range(30):
        small = number < 10
        numbers = {"sharpness": (36.0 if small else 55.0) + number * 0.01}
        known[f"u{number:02d}"] = Measured(f"u{number:02d}", "v", numbers, {"pixels": 4e4 if small else 1e4})
    assert outlier_flags(known) == {}
    known["u20"] = Measured("u20", "v", {"sharpness": 20.0}, {"pixels": 1e4})
    assert set(outlier_flags(known)) == {"u20"}


def test_joint_distance_as_by_brute_force() -> None:
    z = np.random.default_rng(3).normal(size=(700, 4))
    wanted = [np.mean(sorted(np.linalg.norm(z - row, axis=1))[1:6]) / 2.0 for row in z]
    assert np.allclose(joint_distance(z), wanted)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30))
def test_robust_z_against_its_definition(values: list[float]) -> None:
    numbers = np.array(values)
    spread = max(1.4826 * np.median(np.abs(numbers - np.median(numbers))), 0.5)
    assert np.allclose(robust_z(numbers, 0.5), (numbers - np.median(numbers)) / spread)


def contribution(
    number: int, score: float | None, cells: list[int], outcome: str = "success"
) -> Contribution:
    return Contribution(f"u{number}", f"2026-11-{number + 1:02d}", outcome, score, np.array(cells, np.int64))


def test_quality_and_coverage_in_closed_form() -> None:
    episodes = [
        contribution(0, 1.0, [1, 2, 3, 4]),
        contribution(1, 0.5, [3, 4, 5]),
        contribution(2, 0.0, [1]),
    ]
    whole = measure_set(episodes, minimal=0.25, best=1.25)
    assert whole.tq == pytest.approx((0.5 - 0.25) / 1.0)
    assert whole.saco == 1.0
    assert [step.saco for step in whole.course] == pytest.approx([0.8, 1.0, 1.0])
    assert [step.new_share for step in whole.course] == pytest.approx([1.0, 1 / 3, 0.0])
    assert [step.tq for step in whole.course] == pytest.approx([0.75, 0.5, 0.25])
    against = measure_set(episodes, np.arange(10), reference_name="ten cells")
    assert against.saco == pytest.approx(0.5)
    assert "ten cells" in against.references


def test_the_return_is_the_outcome_where_there_is_no_score() -> None:
    whole = measure_set([contribution(0, None, [1]), contribution(1, None, [2], "failure")])
    assert whole.tq == pytest.approx(0.5)
    assert whole.returns == "1 for a success, 0 for a failure"
    empty = measure_set([])
    assert (empty.tq, empty.saco, empty.cells) == (None, None, 0)


def test_growth_goes_by_the_time_of_collection() -> None:
    episodes = [contribution(n, 1.0, [n]) for n in range(6)]
    shuffled = [episodes[n] for n in (3, 0, 5, 1, 4, 2)]
    assert measure_set(shuffled) == measure_set(episodes)


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 2)), min_size=1, max_size=80)
)
def test_cells_are_counted_as_a_set_would(rows: list[tuple[int, int, int]]) -> None:
    assert len(np.unique(_codes(np.array(rows, np.int64)))) == len(set(rows))


def test_a_tool_that_stands_still_visits_one_cell_and_one_that_goes_visits_many() -> None:
    t_ns = np.arange(0, 3_000_000_000, 4_000_000)
    still = np.tile([0.41, 0.01, 0.21, 1, 0, 0, 0, 0.04], (len(t_ns), 1))
    going = still.copy()
    going[:, 0] += np.linspace(0.0, 0.6, len(t_ns))  # 20 mm in 0.1 s: a new cell at every step of the grid
    for data, least, most in ((still, 1, 1), (going, 28, 30)):
        stream = Stream("arm/applied", t_ns, data)
        material = Material(0, 3_000_000_000, applied={"arm": stream}, pose={"arm": stream})
        assert least <= len(cells_of(material)) <= most


def test_every_measure_and_limit_stands_in_the_help() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[3] / "resources" / "help" / "quality.md").read_text()
    for name in MEASURES:
        assert f"`{name}`" in text
    for name, each in LIMITS.items():
        assert f"| `{name}` | {each.value:g} {each.unit}".rstrip() in text
