"""From scores to entries, ratios, table and plots."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from app.core.figure import LABEL_W
from app.study import report
from app.study.forms import METHODS, build_plan
from app.study.keep import Outcome, read_all, store
from app.study.plan import Plan, StudyError
from app.study.results import Entry, Ratio, Results, gather

MEANS = {
    "diffusion without touch": 0.3,
    "diffusion with touch embedding": 0.4,
    "rdp with touch": 0.8,
    "rdp with wrench": 0.6,
}


@pytest.fixture
def plan() -> Plan:
    return build_plan("cpu")


def outcomes_of(plan: Plan, spread: float = 0.0) -> dict[str, Outcome]:
    """Return outcomes of all main cells; the scores lie evenly about the mean of their method."""
    found = {}
    for cell in plan.cells:
        for name in cell.stages if cell.group == "table" else ():
            scores = MEANS[cell.method] + spread * np.linspace(-1.0, 1.0, plan.rollouts)
            found[name] = Outcome(name, {"scores": scores.tolist()}, 1.0, "p")
    return found


def ratio(results: Results, name: str) -> Ratio:
    return next(item for item in results.ratios if item.name == name)


def entry(results: Results, method: str, condition: str) -> Entry:
    return next(item for item in results.entries if (item.method, item.condition) == (method, condition))


def test_constant_scores_have_sharp_means_and_ratios(plan: Plan) -> None:
    results = gather(plan, outcomes_of(plan))
    found = entry(results, "rdp with touch", "after")
    assert (found.mean, found.low, found.high) == pytest.approx((0.8, 0.8, 0.8))
    assert (found.n, found.planned, found.why) == (30, 30, "")
    assert found.by_seed == pytest.approx((0.8, 0.8, 0.8))
    for span in ("overall", "perturbed after contact"):
        best = ratio(results, f"rdp with touch, {span}")
        assert (best.value, best.low, best.high) == pytest.approx((2.0, 2.0, 2.0))
    assert ratio(results, "rdp with wrench, overall").cells == 3
    assert ratio(results, "rdp with wrench, perturbed after contact").cells == 1


def test_interval_of_a_ratio_agrees_with_the_delta_method(plan: Plan) -> None:
    """The better baseline is far ahead of the other here, so that the choice between them does not matter."""
    results = gather(plan, outcomes_of(plan, spread=0.1))
    found = ratio(results, "rdp with touch, overall")
    assert found.low is not None
    assert found.high is not None
    deviation = np.std(0.1 * np.linspace(-1.0, 1.0, plan.rollouts)) / math.sqrt(3 * 30)
    expected = 2.0 * math.hypot(deviation / 0.8, deviation / 0.4)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(expected, rel=0.1)
    assert found.low < 2.0 < found.high


def test_a_ratio_over_nothing_is_not_made_up(plan: Plan) -> None:
    outcomes = outcomes_of(plan)
    blind = [cell for cell in plan.cells if cell.group == "table" and cell.method.startswith("diffusion")]
    for name in (name for cell in blind for name in cell.stages):
        outcomes[name] = Outcome(name, {"scores": [-0.1] * plan.rollouts}, 1.0, "p")
    found = ratio(gather(plan, outcomes), "rdp with touch, overall")
    assert found.value is None
    assert "scores nothing" in report.ratio_text(found)


def test_what_was_not_run_is_marked(plan: Plan) -> None:
    outcomes = outcomes_of(plan)
    cells = [cell for cell in plan.cells if cell.method == "rdp with touch"]
    part, none = cells[0].stages, cells[1].stages
    del outcomes[part[2]]
    for name in none:
        del outcomes[name]
    run = plan.stage(none[0]).needs[0]
    outcomes[run] = Outcome(run, {}, 1.0, "p", "train: no luck.")
    results = gather(plan, outcomes)
    assert entry(results, "rdp with touch", cells[0].condition).n == 20
    text = report.table_text(plan, results)
    row = next(line for line in text.splitlines() if line.startswith("| rdp with touch |"))
    assert "(part: 20 of 30)" in row
    assert "failed" in row
    assert "no luck" in text
    assert "not run" in text
    assert ratio(results, "rdp with touch, overall").cells == 1, "of the three conditions one is complete"
    assert not results.complete


def test_outcomes_come_back_from_disk(tmp_path: Path) -> None:
    store(tmp_path, outcome := Outcome("deploy-x-0", {"scores": [1.0]}, 3.0, "p"))
    assert read_all(tmp_path) == {"deploy-x-0": outcome}
    (tmp_path / "results" / "deploy-y-0.json").write_text("{")
    with pytest.raises(StudyError, match="deploy-y-0"):
        read_all(tmp_path)


def test_plots_show_every_mean_where_it_belongs(plan: Plan) -> None:
    page = ElementTree.fromstring(report.plots(plan, gather(plan, outcomes_of(plan))))
    svg = "{http://www.w3.org/2000/svg}"
    dots = [float(dot.attrib["cx"]) for dot in page.iter(f"{svg}circle")]
    words = [text.text for text in page.iter(f"{svg}text")]
    assert len(dots) == 4 * 3
    assert {method.name for method in METHODS} <= set(words)
    panel = dots[0::3]  # of the first condition, one per method: blind, felt, rdp with touch, rdp with wrench
    assert panel[2] - panel[0] == pytest.approx((panel[1] - panel[0]) * 5.0, abs=0.3)
    assert all(float(text.attrib["y"]) < float(page.attrib["height"]) for text in page.iter(f"{svg}text"))


def test_the_longest_label_ends_before_the_first_panel(tmp_path: Path) -> None:
    plan = build_plan("cpu", ("wipe",))
    longest = max(len(cell.method) for cell in plan.cells)
    assert longest * 6.8 < LABEL_W, "6.6 pixels a letter at 13 in the widest of the fonts that are named"
