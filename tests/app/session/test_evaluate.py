"""Scores of a series: what was cut off is kept and counted, and says nothing of the policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.link.hub import Hub
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.messages import Event
from app.session.evaluate import summary
from app.session.take import TakeResult


def _take(seed: int, score: float, why: str) -> TakeResult:
    outcome = "success" if score >= 0.9 else "failure"
    return TakeResult(f"u{seed}", f"u{seed}.h5", outcome, score, score, 0, 5.0, why, seed)


def test_interrupted_rollouts_are_kept_and_counted_but_not_scored() -> None:
    result = summary([_take(1, 1.0, "done"), _take(2, 0.0, "interrupted"), _take(3, 0.8, "time")])
    assert result["mean_score"] == pytest.approx(0.9)
    assert result["episodes"] == 3
    assert result["interrupted"] == 1
    assert result["files"] == ["u1.h5", "u2.h5", "u3.h5"]


def test_a_fault_is_the_policys_own() -> None:
    assert summary([_take(1, 1.0, "done"), _take(2, 0.0, "fault")])["mean_score"] == pytest.approx(0.5)


@pytest.mark.process
def test_a_software_stop_interrupts_a_rollout_and_ends_the_series(tmp_path: Path) -> None:
    with Hub() as hub:
        bench = hub.start("serve", "--rig", "sim/wipe")
        connect = str(hub.wait_ready(bench, 180.0)["connect"])
        words = ("--baseline", "idle", "--episodes", "3", "--limit", "60", "--data", str(tmp_path))
        deploy = hub.start("deploy", *words, "--connect", connect)
        hub.wait_for(deploy, ("state",), 60.0, name="driving")
        with DeviceClient(Endpoints.parse(connect)) as client:
            told: list[Event] = []
            while (
                deploy.running and not told
            ):  # a stop before the press of this rollout ends the series as well
                client.call("stop", reason="the test")
                told = [
                    event for child, event in hub.poll(200) if child is deploy and event.kind == "progress"
                ]
            resets = client.call("status")["epoch"]
            result = hub.wait_for(deploy, ("result",), 60.0).body
            assert client.call("status")["epoch"] == resets, "nothing is reset after a stop"
    (body,) = (event.body for event in told)
    assert body["interrupted"] is True
    assert Path(str(body["path"])).is_file(), "what was recorded stays"
    assert result["episodes"] == 1, "nobody asked for another"
