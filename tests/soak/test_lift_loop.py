"""The whole loop with two arms, by roles: collect, replay, augment, train, deploy, audit on `sim/lift`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from recorders.library import list_episodes
from recorders.reader import EpisodeFile
from tests import roles

pytestmark = [pytest.mark.process, pytest.mark.soak]

# A step takes some seconds; at load 20 a replay of 7 s of motion was seen to take 300.
role = partial(roles.role, limit_s=1500.0)


def test_both_arms_go_through_the_whole_loop(tmp_path: Path) -> None:
    shown, run = tmp_path / "shown", tmp_path / "run"
    common = ("--rig", "sim/lift", "--fast")
    status, _ = role("collect", *common, "--operator", "script", "--episodes", "2", "--data", str(shown))
    assert status == 0
    best = list_episodes(shown)[0]
    words = ("--seed", str(best.seed), "--condition", best.condition or "", "--episodes", "1")
    status, replayed = role(
        "deploy",
        *common,
        *words,
        "--baseline",
        "replay",
        "--episode",
        str(best.path),
        "--data",
        str(tmp_path / "a"),
    )
    assert status == 0, replayed
    assert replayed["mean_score"] >= 0.9, "the same box, the same motion of both arms"

    pulses = ("--rig", "sim/lift", "--attempts", "2", "--lateral-mm", "3", "--normal-mm", "1")
    status, augmented = role("augment", str(shown), *pulses, "--out", str(tmp_path / "more"))
    assert status == 0, augmented
    assert augmented["kept"] >= 1

    status, _ = role("train", str(shown), "--policy", "flow", "--steps", "4", "--out", str(run))
    assert status == 0
    status, rolled = role("deploy", str(run), *common, "--episodes", "1", "--data", str(tmp_path / "b"))
    assert status == 0, rolled
    with EpisodeFile(rolled["files"][0]) as episode:
        assert len(episode.data("arm/commanded")) == len(episode.data("arm2/commanded")) > 10
        plans, times = episode.data("policy/plan"), episode.data("policy/plan_times")
        assert len(plans) == len(times) >= 1
        assert plans.shape[2] == 15, "two arms of seven numbers, and `over`"
    status, audited = role("audit", str(run), "--data", str(shown))
    assert status == 0, audited
    assert {row["source"] for row in audited["rows"]} == {"touch", "wrench", "field", "motion"}
