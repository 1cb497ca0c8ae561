"""The role `record` as its parent sees it: a real child process, real sockets, real files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.ids import new_uuid
from app.core.link.hub import Child, Hub
from recorders.reader import EpisodeFile
from tests.recorders.fake_device import PERIOD_NS, STREAMS, FakeDevice, make_jpeg

pytestmark = pytest.mark.process


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as made:
        yield made


def start_recorder(hub: Hub, device: FakeDevice, folder: Path, *more: str) -> Child:
    child = hub.start(
        "record", "--connect", device.endpoints.text(), "--data", str(folder), "--floor-mb", "20", *more
    )
    hub.wait_ready(child)
    return child


def start_take(hub: Hub, recorder: Child, **meta: Any) -> str:
    uuid = new_uuid()
    hub.intent(recorder, "take_start", take=uuid, meta=meta)
    hub.wait_for(recorder, ("state",), 20, name="waiting", take=uuid)
    return uuid


def record(
    hub: Hub, device: FakeDevice, recorder: Child, periods: int, outcome: str = "success", **meta: Any
) -> str:
    """Record a lock-step take of so many periods and return the path of its episode."""
    uuid = start_take(hub, recorder, **meta)
    device.do(device.publish)
    hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
    device.step_periods(periods)
    hub.intent(recorder, "take_stop", outcome=outcome, until_ns=device.now_ns, meta={"steps": periods})
    return str(hub.wait_for(recorder, ("state",), 30, name="saved", take=uuid).body["path"])


def test_a_lockstep_take_becomes_a_complete_episode(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        device.step_periods(10)  # before the take: must not be in it
        first_ns = device.now_ns
        path = record(hub, device, recorder, 200, task="wipe", seed=7, operator="script", score=0.5)
        hub.stop(recorder)
        assert recorder.result is not None
        assert recorder.result["files"] == [path]
        credit = sum(arguments["count"] for name, arguments in device.calls if name == "credit")
        assert 195 <= credit <= 201
        assert device.credits == {}
    with EpisodeFile(path) as episode:
        assert set(episode.topics) == {spec.topic for spec in STREAMS} - {"arm/commanded"}
        assert episode.problems() == []
        times = episode.times_ns("arm/joints")
        assert len(times) == 1 + 200 * 5
        assert times[0] == first_ns
        assert times[-1] == first_ns + 200 * PERIOD_NS
        joints = episode.data("arm/joints")
        assert joints.shape == (1001, 14)
        np.testing.assert_array_equal(joints[:, 0], episode.column("arm/joints", "seq"))
        assert episode.data("finger/field").shape == (201, 63, 3)
        assert episode.picture("scene/color", 5) == make_jpeg(int(episode.column("scene/color", "seq")[5]))
        about = episode.attributes
        assert (about["task"], about["seed"], about["operator"], about["score"]) == ("wipe", 7, "script", 0.5)
        assert (about["outcome"], about["recovered"]) == ("success", False)
        assert about["meta"]["steps"] == 200
        assert about["rig"]["rig"] == "fake/bench"
        assert about["start_ns"] == first_ns
        assert about["end_ns"] == first_ns + 200 * PERIOD_NS
        assert all(count == 0 for count in about["dropped"].values())
    assert not list((tmp_path / "journals").iterdir())
