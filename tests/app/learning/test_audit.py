"""The audit finds an input that is used, and one that is not."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
import torch

from app.learning.audit import report
from app.learning.audit.offline import Offline, spoiled_ticks
from app.learning.audit.process import inputs_of, write
from app.learning.audit.report import Audit, Spoiled, tampers, verdict, with_scores
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.dataset import join
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.trial import Tamper

PERIOD_NS = 20_000_000
SVG = "{http://www.w3.org/2000/svg}"


def audit_of(*rows: Spoiled, rollouts: int = 0, sees_touch: bool = True) -> Audit:
    score = 0.9 if rollouts else None
    plain = Audit("runs/x", "rdp", sees_touch, 100, rollouts, score, score, score, rows)
    return msgspec.structs.replace(plain, sentence=verdict(plain))


def test_a_policy_that_feels_changes_its_actions(policy: RdpPolicy, episodes: list[EpisodeArrays]) -> None:
    offline = Offline(policy, join(episodes))
    changes = {
        (row.source, row.kind): offline.change(row) for row in tampers(inputs_of(policy), 960.0, 200.0)
    }
    assert changes["touch", "zero"] > report.LEAST_CHANGE
    assert changes["touch", "shuffle"] > report.LEAST_CHANGE
    assert changes["touch", "delay"] > 0.0
    policy.used = msgspec.structs.replace(policy.used, wrench=False, field=False)
    deaf = Offline(policy, join(episodes))
    assert deaf.change(Tamper("touch", "zero")) == 0.0
    assert inputs_of(policy) == ["motion"]


def test_the_channel_that_ends_an_episode_is_no_motion(
    policy: RdpPolicy, episodes: list[EpisodeArrays]
) -> None:
    before = Offline(policy, join(episodes)).change(Tamper("touch", "zero"))
    dict(policy.named_parameters())["tokenizer.decoder.head.2.weight"].data[-1] *= 100.0
    assert Offline(policy, join(episodes)).change(Tamper("touch", "zero")) == pytest.approx(before)


def test_spoiled_ticks_stay_within_their_episode(episodes: list[EpisodeArrays]) -> None:
    series = join(episodes)
    for tamper in tampers(["touch"], 960.0, 200.0)[1:]:
        ticks = spoiled_ticks(series, tamper, PERIOD_NS)
        assert torch.equal(series.episode[ticks], series.episode), tamper.kind
    late = spoiled_ticks(series, Tamper("touch", "delay", 200.0), PERIOD_NS)
    inside = torch.arange(len(series)) - series.first >= 10
    assert torch.equal(torch.arange(len(series))[inside] - late[inside], torch.full((int(inside.sum()),), 10))


def test_the_sentence_says_whether_touch_is_used() -> None:
    moved, still = Spoiled("touch", "zero", 0.0, 0.4), Spoiled("touch", "zero", 0.0, 0.01)
    assert audit_of(moved).sentence.startswith("Touch moves the actions")
    assert audit_of(still).sentence.startswith("Touch is not used")
    assert "not among the inputs" in audit_of(sees_touch=False).sentence
    worse = with_scores(moved, [0.9, 1.0, 0.8], [0.1, 0.2, 0.1])
    assert worse.score == pytest.approx(-0.7667, abs=1e-3)
    assert worse.high == pytest.approx(-0.7, abs=1e-3)
    assert audit_of(worse, rollouts=3).sentence.startswith(
        "Touch is used: with touch at its mean the score falls by 0.77"
    )
    unsure = with_scores(moved, [0.9, 0.2, 0.8], [0.8, 0.3, 0.9])
    assert audit_of(unsure, rollouts=3).sentence.startswith("Touch does not help beyond doubt")


def test_audit_is_written_and_read(tmp_path: Path) -> None:
    late = with_scores(Spoiled("camera:scene", "delay", 200.0, 0.2), [1.0, 0.5], [0.4, 0.5])
    audit = audit_of(late, Spoiled("wrench", "zero", 0.0, 1.4), rollouts=2)
    write(tmp_path / report.FOLDER, audit)
    assert report.read(tmp_path) == audit
    assert (
        "| camera scene 200 ms late | 0.20 | -0.30 [-0.60, +0.00] |"
        in (tmp_path / "audit" / "audit.md").read_text()
    )
    drawn = ElementTree.parse(tmp_path / "audit" / "audit.svg").getroot()
    assert len(list(drawn.iter(f"{SVG}circle"))) == 3
    plain = ElementTree.fromstring(report.plot(audit_of(Spoiled("wrench", "zero", 0.0, 1.4))))
    assert "change of score" not in "".join(plain.itertext())
    (tmp_path / "audit" / "audit.json").write_text("{")
    assert report.read(tmp_path) is None


@pytest.mark.parametrize("change", [-2.5, -1.3, -0.26, 0.0, 0.4, 1.5])
def test_the_plot_shows_every_change_of_the_score_where_it_is(change: float) -> None:
    rows = [
        Spoiled("wrench", "zero", 0.0, 0.5, change, change, change),
        Spoiled("wrench", "shuffle", 0.0, 0.5),
    ]
    drawn = ElementTree.fromstring(report.plot(audit_of(*rows, rollouts=2)))
    dots = [float(dot.attrib["cx"]) for dot in drawn.iter(f"{SVG}circle")]
    numbers = [words for words in drawn.iter(f"{SVG}text") if words.attrib["text-anchor"] == "middle"]
    scored = {float(words.text or ""): float(words.attrib["x"]) for words in numbers[3:]}
    low, high = min(scored), max(scored)
    per_unit = (scored[high] - scored[low]) / (high - low)
    assert dots[1] == pytest.approx(scored[0.0] + change * per_unit, abs=0.2)
