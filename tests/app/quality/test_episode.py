"""Planted defects are found at their time, and a clean take has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.quality.episode import measure_episode
from recorders.library import list_episodes
from recorders.measures import Measured, MeasureStore, with_measures
from recorders.parts import split_episode
from tests.app.quality.planted import CONTACT_S, DEFECT_S, LAG_S, START_NS, make_take

DEFECTS = ("clipped", "stopped", "spike", "drift", "saturated", "dead", "gap", "dark", "lag")


def measured(folder: Path, defect: str = "", seconds: float = 6.0) -> Measured:
    make_take(folder, defect, seconds)
    (row,) = list_episodes(folder)
    found, cells = measure_episode(row, "v")
    assert len(cells) > 10
    return found


def test_a_clean_take_has_numbers_and_no_flags(tmp_path: Path) -> None:
    found = measured(tmp_path)
    assert found.flags == ()
    assert found.problem == ""
    numbers = found.measures
    assert numbers["length_s"] == pytest.approx(6.0)
    assert numbers["lag_ms"] == pytest.approx(LAG_S * 1e3, abs=3.0)
    assert numbers["peak_n"] == pytest.approx(8.0, abs=0.3)
    assert numbers["contact_share"] == pytest.approx((CONTACT_S[1] - CONTACT_S[0]) / 6.0, abs=0.05)
    assert numbers["drift_n"] < 0.05
    assert numbers["brightness"] == pytest.approx(120 / 255, abs=0.01)
    assert numbers["idle_share"] == 0.0
    assert (
        numbers["spikes"] == numbers["lost_samples"] == numbers["dead_markers"] == numbers["stopped_s"] == 0.0
    )


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found_where_it_is(tmp_path: Path, defect: str) -> None:
    found = measured(tmp_path, defect)
    kinds = {flag.kind for flag in found.flags}
    assert defect in kinds
    assert kinds <= {defect, "idle"}  # an arm that is held back also stands still
    flag = next(flag for flag in found.flags if flag.kind == defect)
    if defect not in ("lag", "dark"):
        assert flag.start_ns <= START_NS + (DEFECT_S + 1.2) * 1e9
        assert flag.end_ns >= START_NS + DEFECT_S * 1e9 - 1e8
    assert START_NS <= flag.start_ns <= flag.end_ns <= START_NS + 6.0e9
    assert "limit" in flag.text or defect == "gap"  # that one is the recorder's own sentence
    assert flag.severity in ("warning", "severe")


def test_the_size_of_a_defect_is_told(tmp_path: Path) -> None:
    spike = measured(tmp_path / "a", "spike")
    assert spike.measures["spikes"] == 1.0
    assert spike.flags[0].value == pytest.approx(np.hypot(15.0, 8.0) - 8.0, abs=0.5)
    drift = measured(tmp_path / "b", "drift")
    assert drift.measures["drift_n"] == pytest.approx(0.9, abs=0.02)
    gap = measured(tmp_path / "c", "gap")
    assert gap.measures["lost_samples"] == 24
    dead = measured(tmp_path / "d", "dead")
    assert dead.measures["dead_markers"] == 1.0
    assert "number 5" in dead.flags[0].text
    stopped = measured(tmp_path / "e", "stopped")
    assert stopped.measures["stopped_s"] == pytest.approx(0.3, abs=0.01)
    assert stopped.by_device["governor_force_s"] == stopped.measures["stopped_s"]
    assert "contact force" in stopped.flags[0].text


def test_a_take_that_ends_in_contact_has_no_drift_but_a_reason(tmp_path: Path) -> None:
    found = measured(tmp_path, "drift", seconds=3.5)
    assert "drift_n" not in found.measures
    assert found.missing["drift_n"] == "the take ends in contact"


def test_only_the_part_that_is_used_counts(tmp_path: Path) -> None:
    from recorders.labels import change_labels

    make_take(tmp_path, "spike")
    (row,) = list_episodes(tmp_path)
    change_labels(tmp_path, row.uuid, {"trim_end_ns": START_NS + 2_500_000_000})
    (row,) = list_episodes(tmp_path)
    found, _ = measure_episode(row, "v")
    assert found.flags == ()
    assert found.measures["length_s"] == pytest.approx(2.5)


@pytest.mark.parametrize("defect", ["gap", "spike"])
def test_each_part_of_a_split_take_has_its_own_numbers_and_flags(tmp_path: Path, defect: str) -> None:
    make_take(tmp_path, defect)
    (row,) = list_episodes(tmp_path)
    whole, _ = measure_episode(row, "v")
    split_episode(tmp_path, row.uuid, START_NS + 2_500_000_000)
    one, two = list_episodes(tmp_path)
    before, after = (measure_episode(part, "v")[0] for part in (one, two))
    assert before.flags == ()
    assert after.flags == whole.flags
    assert before.measures["lost_samples"] == 0
    assert after.measures["lost_samples"] == whole.measures["lost_samples"]
    assert (defect == "gap") == (after.measures["lost_samples"] > 0)
    with MeasureStore(tmp_path) as store:
        for measured in (before, after):
            store.put(measured, np.zeros(0, np.int64))
    one, two = with_measures(tmp_path, [one, two])
    assert (one.doubts, two.doubts) == ((), (defect,))
    assert one.peak_force_n == before.measures["peak_n"] < after.measures["peak_n"] == two.peak_force_n


def test_a_flag_over_the_seam_is_in_both_parts_as_far_as_it_lies_in_them(tmp_path: Path) -> None:
    make_take(tmp_path, "gap")
    (row,) = list_episodes(tmp_path)
    (flag,) = row.flags
    seam = (flag.start_ns + flag.end_ns) // 2
    split_episode(tmp_path, row.uuid, seam)
    one, two = list_episodes(tmp_path)
    spans = [[(each.start_ns, each.end_ns) for each in part.flags] for part in (one, two)]
    assert spans == [[(flag.start_ns, seam)], [(seam, flag.end_ns)]]
    for part, (span,) in zip((one, two), spans, strict=True):
        (found,) = measure_episode(part, "v")[0].flags
        assert (found.kind, (found.start_ns, found.end_ns)) == ("gap", span)


def test_an_empty_and_a_broken_file_are_named_and_never_stop(tmp_path: Path) -> None:
    path = make_take(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (row,) = list_episodes(tmp_path)
    found, cells = measure_episode(row, "v")
    assert [flag.kind for flag in found.flags] == ["unreadable"]
    assert str(path) in found.problem
    assert len(cells) == 0
