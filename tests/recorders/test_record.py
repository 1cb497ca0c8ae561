"""The role `record` as its parent sees it: a real child process, real sockets, real files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from app.core.errors import ProcessError
from app.core.ids import new_uuid
from app.core.link.hub import Child, Hub
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader
from recorders.reader import EpisodeFile
from tests.contracts.sources import ROOT
from tests.hygiene import wait_until
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


def test_gaps_are_counted_live_and_fail_a_lockstep_take(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        uuid = start_take(hub, recorder)
        device.do(device.publish)
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)

        def lose() -> None:
            device.signals.seq["arm/joints"] += 3

        device.step_periods(5)
        device.do(lose)
        device.step_periods(5)
        told = hub.wait_for(recorder, ("state",), 20, name="recording", dropped=3).body
        assert told["gaps"] == {"arm/joints": 3}
        hub.intent(recorder, "take_stop", outcome="success", until_ns=device.now_ns, meta={})
        failed = hub.wait_for(recorder, ("state",), 20, name="failed", take=uuid).body
        assert "lost samples (arm/joints 3)" in failed["text"]
    with EpisodeFile(failed["path"]) as episode:
        assert episode.attributes["dropped"]["arm/joints"] == 3


def test_a_take_waits_for_every_required_stream(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice(lockstep=False) as device:
        device.mute = {"scene/color", "finger/field"}
        recorder = start_recorder(hub, device, tmp_path)
        uuid = start_take(hub, recorder)
        hub.wait_for(recorder, ("state",), 20, name="waiting", missing=["finger/field", "scene/color"])
        device.mute = {"scene/color"}
        hub.wait_for(recorder, ("state",), 20, name="waiting", missing=["scene/color"])
        device.mute = set()
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
        hub.intent(recorder, "take_stop", outcome="success", until_ns=0, meta={})
        path = hub.wait_for(recorder, ("state",), 20, name="saved", take=uuid).body["path"]
    with EpisodeFile(path) as episode:
        first = max(int(episode.times_ns(spec.topic)[0]) for spec in STREAMS if spec.required)
        assert episode.start_ns == first
        assert episode.end_ns > episode.start_ns
        assert max(episode.times_ns("arm/joints")) <= episode.end_ns
        late = episode.column("arm/joints", "t_receive_ns") - episode.times_ns("arm/joints")
        assert late.min() >= 0
        assert sum(episode.attributes["dropped"].values()) == 0


def test_a_take_stopped_while_it_waited_is_no_success(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice(lockstep=False) as device:
        device.mute = {"scene/color"}
        recorder = start_recorder(hub, device, tmp_path)
        uuid = start_take(hub, recorder)
        hub.wait_for(recorder, ("state",), 20, name="waiting", missing=["scene/color"])
        hub.intent(recorder, "take_stop", outcome="success", until_ns=0, meta={})
        saved = hub.wait_for(recorder, ("state",), 20, name="saved", take=uuid).body
        assert saved["outcome"] == "failure"
        with EpisodeFile(saved["path"]) as episode:
            assert "scene/color had delivered nothing" in episode.attributes["text"]


def test_failed_and_discarded_takes_are_kept_and_marked(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        for outcome in ("discarded", "failure"):
            with EpisodeFile(record(hub, device, recorder, 5, outcome)) as episode:
                assert episode.attributes["outcome"] == outcome


def test_a_camera_that_stops_is_told_once_and_the_take_goes_on(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        uuid = start_take(hub, recorder)
        device.do(device.publish)
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
        device.mute = {"scene/color"}
        notices = []
        hub.listener = lambda _child, event: (
            notices.append(event.body["text"]) if event.kind == "notice" else None
        )
        device.step_periods(200)
        hub.intent(recorder, "take_stop", outcome="failure", until_ns=device.now_ns, meta={})
        hub.wait_for(recorder, ("state",), 20, name="saved", take=uuid)
        assert len([text for text in notices if "stream scene/color: nothing came for" in text]) == 1


def test_a_bench_that_dies_ends_the_take_and_what_came_is_kept(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice(lockstep=False) as device:
        recorder = start_recorder(hub, device, tmp_path, "--silence-s", "0.4")
        uuid = start_take(hub, recorder)
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
    saved = hub.wait_for(recorder, ("state",), 20, name="saved", take=uuid).body
    assert saved["outcome"] == "failure"
    hub.intent(
        recorder, "take_stop", outcome="success", until_ns=0, meta={}
    )  # too late: it hears the same again
    assert hub.wait_for(recorder, ("state",), 20, name="saved", take=uuid).body == saved
    with EpisodeFile(saved["path"]) as episode:
        assert "the device server is gone" in episode.attributes["text"]


def test_an_episode_is_never_written_twice(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        path = Path(record(hub, device, recorder, 3))
        before = path.read_bytes()
        hub.intent(recorder, "take_start", take=path.stem, meta={})
        failed = hub.wait_for(recorder, ("state",), 20, name="failed", take=path.stem).body
        assert "there is an episode of this name" in failed["text"]
        assert path.read_bytes() == before


def test_two_recorders_cannot_hold_one_folder(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        first = start_recorder(hub, device, tmp_path)
        with pytest.raises(ProcessError, match=rf"another recorder \(process {first.process.pid}\) holds it"):
            start_recorder(hub, device, tmp_path)
        record(hub, device, first, 3)  # the first one was not disturbed


def test_a_nearly_full_disk_is_refused_before_the_take(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path, "--floor-mb", "1e9")
        hub.intent(recorder, "take_start", take=new_uuid(), meta={})
        failed = hub.wait_for(recorder, ("state",), 20, name="failed").body
        assert "a take needs 1000000000 MB to start" in failed["text"]
        assert device.credits == {}
    assert not list(tmp_path.glob("journals/*"))


@pytest.mark.parametrize("periods", [0, 1, 37, 150])
def test_killed_in_a_take_nothing_synced_is_lost(hub: Hub, tmp_path: Path, periods: int) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        uuid = start_take(hub, recorder, seed=11)
        device.do(device.publish)
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
        device.step_periods(periods)
        hub.wait_for(recorder, ("state",), 20, name="recording", seconds=periods * 0.02)  # all has come
        hub.wait_for(
            recorder, ("state",), 20, name="recording", seconds=periods * 0.02
        )  # 0.25 s later it is synced
        os.kill(recorder.process.pid, signal.SIGKILL)
        recorder.process.wait()
        second = start_recorder(hub, device, tmp_path)
        assert (second.ready or {})["recovered"] == 1
        hub.stop(second)
        third = start_recorder(hub, device, tmp_path)
        assert (third.ready or {})["recovered"] == 0
    path = tmp_path / "episodes" / f"{uuid}.h5"
    with EpisodeFile(path) as episode:
        assert episode.problems() == []
        about = episode.attributes
        assert (about["recovered"], about["outcome"], about["seed"]) == (True, "failure", 11)
        assert len(episode.times_ns("arm/joints")) == 1 + 5 * periods


def test_killed_while_saving_the_take_is_saved_at_the_next_start(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        uuid = start_take(hub, recorder)
        device.do(device.publish)
        device.step_periods(400)
        hub.intent(recorder, "take_stop", outcome="success", until_ns=device.now_ns, meta={"score": 0.9})
        hub.wait_for(recorder, ("state",), 20, name="saving", take=uuid)
        os.kill(recorder.process.pid, signal.SIGKILL)
        recorder.process.wait()
        hub.stop(start_recorder(hub, device, tmp_path))
    with EpisodeFile(tmp_path / "episodes" / f"{uuid}.h5") as episode:
        assert episode.problems() == []
        assert len(episode.times_ns("arm/joints")) == 2001
    assert [path.name for path in (tmp_path / "episodes").iterdir()] == [f"{uuid}.h5"]
    assert not list((tmp_path / "journals").iterdir())


def test_told_to_end_in_a_take_it_commits_first(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice(lockstep=False) as device:
        recorder = start_recorder(hub, device, tmp_path)
        uuid = start_take(hub, recorder)
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
        os.kill(recorder.process.pid, signal.SIGTERM)
        hub.wait_for(recorder, ("bye",), 20, status="done")
        with EpisodeFile(tmp_path / "episodes" / f"{uuid}.h5") as episode:
            assert episode.attributes["outcome"] == "failure"
            assert "cut short: signal SIGTERM" in episode.attributes["text"]


PARENT = """
import sys
from app.core.link.hub import Hub
with Hub() as hub:
    child = hub.start("record", "--connect", sys.argv[1], "--data", sys.argv[2], "--floor-mb", "20")
    hub.wait_ready(child)
    hub.intent(child, "take_start", take="orphan", meta={})
    hub.wait_for(child, ("state",), 20, name="recording")
    print(child.process.pid, flush=True)
    while True:
        hub.poll(100)
"""


def test_a_recorder_whose_parent_is_killed_commits_and_ends(tmp_path: Path) -> None:
    with FakeDevice(lockstep=False) as device:
        command = [sys.executable, "-c", PARENT, device.endpoints.text(), str(tmp_path)]
        parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        recorder = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        wait_until(lambda: not Path(f"/proc/{recorder}/cmdline").exists(), 20, "the end of the recorder")
    with EpisodeFile(tmp_path / "episodes" / "orphan.h5") as episode:
        assert episode.problems() == []
        assert (episode.attributes["outcome"], episode.attributes["recovered"]) == ("failure", False)
        assert "the parent process is gone" in episode.attributes["text"]


def test_wrong_messages_are_told_and_cost_nothing_else(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        notices: list[str] = []
        hub.listener = lambda _child, event: (
            notices.append(event.body["text"]) if event.kind == "notice" else None
        )
        uuid = start_take(hub, recorder)
        device.do(device.publish)

        def misbehave() -> None:
            topic, header, buffer = device.signals.message("arm/joints", device.now_ns, 5)
            device.signals.seq["arm/joints"] -= 5
            device.send((topic, header, buffer[:-1]))
            device.streams.send_multipart([b"arm/joints", b"\xc1 no header", b""])
            device.send(("arm/other", header, buffer))

        device.do(misbehave)
        device.step_periods(5)
        hub.intent(recorder, "take_stop", outcome="success", until_ns=device.now_ns, meta={})
        hub.wait_for(recorder, ("state",), 20, name="saved", take=uuid, dropped=0)
        assert len(notices) == 3


def test_a_stream_of_the_parent_is_kept_beside_those_of_the_server(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        notices: list[str] = []
        hub.listener = lambda _child, event: (
            notices.append(event.body["text"]) if event.kind == "notice" else None
        )
        uuid, first_ns = start_take(hub, recorder), device.now_ns
        device.step_periods(5)
        plans = np.arange(6, dtype="<f4").reshape(2, 3)
        for number, row in enumerate(plans):
            at = (first_ns + (number + 1) * PERIOD_NS,)
            header = SampleHeader(SCHEMA_VERSION, "policy", "plan", number, 1, at, at, "raw", "<f4", (3,))
            hub.intent(recorder, "sample", header=msgspec.to_builtins(header), data=row.tobytes())
        hub.intent(recorder, "sample", header=msgspec.to_builtins(header), data=b"short")
        taken = msgspec.structs.replace(header, device="finger", signal="field")
        hub.intent(recorder, "sample", header=msgspec.to_builtins(taken), data=row.tobytes())
        hub.intent(recorder, "sample", header=["no", "header"], data=b"")
        hub.intent(recorder, "take_stop", outcome="success", until_ns=device.now_ns, meta={})
        path = hub.wait_for(recorder, ("state",), 20, name="saved", take=uuid, dropped=0).body["path"]
    assert len(notices) == 3
    with EpisodeFile(path) as episode:
        np.testing.assert_array_equal(episode.data("policy/plan"), plans)
        assert episode.times_ns("policy/plan").tolist() == [first_ns + PERIOD_NS, first_ns + 2 * PERIOD_NS]
        assert episode.problems() == []
        assert len(episode.times_ns("finger/field")) == 5
