"""Streams that fall silent, repeat themselves or lose samples mark the take, live and in the episode."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from app.core.link.hub import Hub
from recorders.commit import commit
from recorders.health import MOST_FLAGS, StreamWatch
from recorders.library import list_episodes
from recorders.reader import EpisodeFile
from tests.recorders.fake_device import PERIOD_NS, FakeDevice, Signals, make_info
from tests.recorders.takes import make_episode, make_messages, write_journal
from tests.recorders.test_record import hub, start_recorder, start_take

__all__ = ["hub"]
SECOND = 50  # control periods


def watched(
    periods: int, skip: dict[str, range], frozen: dict[str, range], simulated: bool = True
) -> StreamWatch:
    """Watch made-up periods; streams in `skip` are left out in a range of periods, in `frozen` repeat their bytes."""
    watch = StreamWatch(msgspec.structs.replace(make_info(True), simulated=simulated))
    signals, held = Signals(), {}
    for period in range(1, periods + 1):
        for topic, header, buffer in signals.next_period(period * PERIOD_NS):
            if period in skip.get(topic, ()):
                continue
            if period not in frozen.get(topic, ()):
                held[topic] = buffer[: len(buffer) // header.count] * header.count
                watch.note(topic, header, buffer)
            else:
                watch.note(topic, header, held[topic])
        watch.newly_silent()
    return watch


def test_a_good_take_has_no_flags() -> None:
    assert watched(5 * SECOND, {}, {}).finish(10**12) == ()


def test_a_stall_is_told_while_it_lasts_and_closed_when_it_ends() -> None:
    open_one = watched(100, {"scene/color": range(60, 101)}, {}).flags
    assert [(flag.topic, flag.kind, flag.end_ns) for flag in open_one] == [("scene/color", "stalled", 0)]
    (closed,) = watched(100, {"scene/color": range(60, 90)}, {}).finish(100 * PERIOD_NS)
    assert (closed.start_ns, closed.end_ns) == (59 * PERIOD_NS, 90 * PERIOD_NS)
    assert "nothing came for 0.6 s" in closed.text


def test_a_whole_bench_that_stood_still_flags_every_stream() -> None:
    everything = {topic: range(50, 80) for topic in Signals().specs}
    found = watched(100, everything, {}).finish(0)
    assert {flag.topic for flag in found} == {spec.topic for spec in make_info(True).streams if spec.required}
    assert {flag.kind for flag in found} == {"stalled"}


def test_a_reading_that_repeats_is_stuck_from_its_first_repeat() -> None:
    (flag,) = watched(150, {}, {"finger/wrench": range(20, 100)}).finish(150 * PERIOD_NS)
    assert (flag.topic, flag.kind, flag.end_ns) == ("finger/wrench", "stuck", 100 * PERIOD_NS)
    assert flag.start_ns == pytest.approx(20 * PERIOD_NS, abs=PERIOD_NS)
    assert not watched(60, {}, {"finger/wrench": range(20, 60)}).flags  # 0.8 s may be chance


@pytest.mark.parametrize(
    ("simulated", "still", "expected"), [(True, True, 0), (True, False, 1), (False, True, 1)]
)
def test_a_picture_may_repeat_only_where_nothing_moves(simulated: bool, still: bool, expected: int) -> None:
    frozen = {"scene/color": range(20, 150)} | ({"arm/applied": range(2, 200)} if still else {})
    flags = watched(150, {}, frozen, simulated).flags
    assert [flag.topic for flag in flags] == ["scene/color"] * expected


@pytest.mark.parametrize(("same", "kinds"), [(True, ["stuck"]), (False, [])])
def test_pictures_that_only_end_alike_are_told_apart(same: bool, kinds: list[str]) -> None:
    watch = StreamWatch(msgspec.structs.replace(make_info(True), simulated=False))
    signals = Signals()
    for period in range(1, 100):
        topic, header, _ = signals.message("scene/color", period * PERIOD_NS)
        first = b"same" if same else period.to_bytes(4, "little")
        watch.note(topic, header, memoryview(first + bytes(5000)))
    assert [flag.kind for flag in watch.flags] == kinds


def test_a_simulated_sensor_that_touches_nothing_reads_zero_for_ever() -> None:
    watch = StreamWatch(make_info(True))
    signals = Signals()
    for period in range(1, 200):
        rows = np.zeros((5, 6), np.float32)
        topic, header, _ = signals.message("finger/wrench", period * PERIOD_NS, 5)
        watch.note(topic, header, rows.tobytes())
    assert not watch.flags


def test_a_reading_within_a_message_that_repeats_the_last_one_is_a_change() -> None:
    watch = StreamWatch(make_info(True))
    signals = Signals()
    rows = np.ones((5, 6), np.float32)
    rows[2] = 2.0
    for period in range(1, 200):
        topic, header, _ = signals.message("finger/wrench", period * PERIOD_NS, 5)
        watch.note(topic, header, rows.tobytes())
    assert not watch.flags


def test_flags_are_bounded() -> None:
    watch = StreamWatch(make_info(True))
    signals = Signals()
    for step in range(3 * MOST_FLAGS):
        watch.note(*signals.message("scene/color", step * 10**9))
    assert len(watch.finish(0)) == MOST_FLAGS


def test_gaps_are_in_the_episode_where_they_were(tmp_path: Path) -> None:
    signals = Signals()
    messages = [message for i in range(1, 11) for message in signals.next_period(i * PERIOD_NS)]
    signals.seq["finger/field"] += 3
    messages += [message for i in range(14, 20) for message in signals.next_period(i * PERIOD_NS)]
    journal, _ = write_journal(tmp_path, messages)
    kept = commit(tmp_path, journal)
    assert kept is not None
    with EpisodeFile(kept.path) as episode:
        (flag,) = episode.attributes["flags"]
    assert (flag["topic"], flag["kind"]) == ("finger/field", "gap")
    assert (flag["start_ns"], flag["end_ns"]) == (10 * PERIOD_NS, 14 * PERIOD_NS)
    assert flag["text"] == "stream finger/field: 3 samples lost."
    assert list_episodes(tmp_path)[0].flags == kept.flags


def test_a_recovered_take_is_judged_too(tmp_path: Path) -> None:
    messages = [m for m in make_messages(100) if m[0] != "scene/color" or not 30 < m[1].seq < 80]
    journal, _ = write_journal(tmp_path, messages, outcome=None)
    kept = commit(tmp_path, journal)
    assert kept is not None
    assert {(flag.topic, flag.kind) for flag in kept.flags} == {
        ("scene/color", "gap"),
        ("scene/color", "stalled"),
    }


def test_episodes_from_before_flags_open(tmp_path: Path) -> None:
    path = make_episode(tmp_path, 10)
    with EpisodeFile(path) as episode:
        assert episode.attributes["flags"] == []


@pytest.mark.process
def test_it_is_told_while_the_take_can_be_recorded_again(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        told: list[str] = []
        hub.listener = lambda _, event: (
            told.append(str(event.body.get("text"))) if event.kind == "notice" else None
        )
        uuid = start_take(hub, recorder)
        device.do(device.publish)
        hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid)
        device.frozen = {"finger/wrench"}
        device.mute = {"scene/color"}
        device.step_periods(70)
        text = "stream finger/wrench: its reading has been exactly the same for 1 s; it is stuck."
        live = hub.wait_for(recorder, ("state",), 20, name="recording", dropped=0, take=uuid).body
        while text not in live["flags"]:
            live = hub.wait_for(recorder, ("state",), 20, name="recording", take=uuid).body
        assert any(text in words for words in told)
        assert any("stream scene/color: nothing came for" in words for words in told)
        device.mute, device.frozen = set(), set()
        device.step_periods(10)
        hub.intent(recorder, "take_stop", outcome="failure", until_ns=device.now_ns, meta={})
        ended = hub.wait_for(recorder, ("state",), 20, name="failed", take=uuid).body
        assert text in ended["flags"]
    with EpisodeFile(ended["path"]) as episode:
        flags = {(flag["topic"], flag["kind"]) for flag in episode.attributes["flags"]}
    assert flags == {("finger/wrench", "stuck"), ("scene/color", "stalled"), ("scene/color", "gap")}


@pytest.mark.process
def test_a_take_that_is_dropped_leaves_nothing(hub: Hub, tmp_path: Path) -> None:
    with FakeDevice() as device:
        recorder = start_recorder(hub, device, tmp_path)
        uuid = start_take(hub, recorder)
        device.do(device.publish)
        hub.intent(recorder, "take_drop")
        hub.wait_for(recorder, ("state",), 20, name="dropped", take=uuid)
        assert device.credits == {}
        hub.stop(recorder)
    assert not list((tmp_path / "journals").iterdir())
    assert not list(tmp_path.glob("episodes/*"))
