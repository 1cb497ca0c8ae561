"""The bridge against real sockets and real child processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import simplejpeg
from pytestqt.qtbot import QtBot

from tests.hygiene import wait_until
from tests.widgets.device_double import DeviceDouble
from widgets.bridge.bridge import Bridge
from widgets.bridge.io_thread import BURST
from widgets.bridge.letters import Answer


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def device() -> Iterator[DeviceDouble]:
    with DeviceDouble() as double:
        yield double


def connect(bridge: Bridge, device: DeviceDouble) -> None:
    bridge.connect_device(device.endpoints)
    device.await_subscriber()


def test_samples_arrive_whole_with_gaps_counted(qtbot: QtBot, bridge: Bridge, device: DeviceDouble) -> None:
    connect(bridge, device)
    for block in range(20):
        device.publish("arm/pose", np.full((10, 7), float(block)), skip=3 if block == 5 else 0)
    qtbot.waitUntil(lambda: (h := bridge.history("arm/pose")) is not None and h.total == 200)
    history = bridge.history("arm/pose")
    assert history is not None
    assert history.last is not None
    assert history.last.tolist() == [19.0] * 7
    health = bridge.health()["arm/pose"]
    assert health.gaps == 3
    assert health.overflow == 0


def test_a_picture_that_is_not_taken_is_replaced_and_counted(
    qtbot: QtBot, bridge: Bridge, device: DeviceDouble
) -> None:
    connect(bridge, device)
    bridge._timer.stop()
    for number in range(8):
        device.publish_picture("scene/color", bytes([number]), (1, 1, 3))
    feed = bridge._feed
    qtbot.waitUntil(lambda: feed.mailbox.count("scene/color").put == 8)
    bridge.tick()
    assert bridge.frames["scene/color"].data == bytes([7])
    assert bridge.health()["scene/color"].overflow == 7


def test_a_decoded_picture_is_told_between_two_ticks(
    qtbot: QtBot, bridge: Bridge, device: DeviceDouble
) -> None:
    connect(bridge, device)
    bridge.picture("scene/color")
    bridge._timer.stop()  # no tick takes it over
    told: list[int] = []
    bridge.pictured.connect(lambda: told.append(bridge.frames["scene/color"].header.seq))
    jpeg = simplejpeg.encode_jpeg(np.zeros((8, 8, 3), dtype=np.uint8))
    for _ in range(3):
        device.publish_picture("scene/color", jpeg, (8, 8, 3))
    qtbot.waitUntil(lambda: bool(told) and told[-1] == 2)
    assert bridge.frames["scene/color"].image is not None
    assert len(told) <= 3, "one signal for what came together"
    bridge.disconnect_device()
    assert not bridge._picture_timer.isActive(), "nothing is looked for without a device server"


def test_memory_goes_back_once_after_a_burst(
    qtbot: QtBot, bridge: Bridge, device: DeviceDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned: list[int] = []
    monkeypatch.setattr("widgets.bridge.io_thread.SETTLE_S", 0.1)
    monkeypatch.setattr("widgets.bridge.io_thread.return_free_pages", lambda: returned.append(1))
    connect(bridge, device)
    device.publish("arm/pose", np.ones((10, 7)))
    qtbot.waitUntil(lambda: bridge.history("arm/pose") is not None)
    assert not returned, "ordinary messages are no burst"
    gate = threading.Event()

    def hold() -> None:
        gate.wait(10.0)

    bridge._io.post(hold)
    for _ in range(3 * BURST):
        device.publish("arm/pose", np.ones((1, 7)))
    gate.set()
    qtbot.waitUntil(lambda: (h := bridge.history("arm/pose")) is not None and h.total == 10 + 3 * BURST)
    qtbot.waitUntil(lambda: bool(returned))
    assert returned == [1]


def test_a_marker_field_keeps_its_newest_and_a_curve_of_all(
    qtbot: QtBot, bridge: Bridge, device: DeviceDouble
) -> None:
    connect(bridge, device)
    fields = np.zeros((5, 63, 3), dtype=np.float32)
    fields[:, :, 0], fields[:, :, 2] = 3.0, np.arange(5)[:, None] * 4.0 / 4
    device.publish("finger/field", fields)
    qtbot.waitUntil(lambda: bridge.history("finger/field/summary") is not None)
    curve = bridge.history("finger/field/summary")
    assert curve is not None
    _, data = curve.window(0)
    assert data[:, 1] == pytest.approx([3.0] * 5)
    assert data[-1, 0] == pytest.approx(5.0)
    frame = bridge.frames["finger/field"]
    assert isinstance(frame.data, np.ndarray)
    assert frame.data[0].tolist() == [3.0, 0.0, 4.0]


def test_a_malformed_message_is_left_out_and_the_next_arrives(
    qtbot: QtBot, bridge: Bridge, device: DeviceDouble
) -> None:
    connect(bridge, device)
    device._streams.send_multipart([b"arm/pose", b"not msgpack", b""])
    device.publish("arm/pose", np.ones((1, 7)))
    qtbot.waitUntil(lambda: bridge.history("arm/pose") is not None)
    assert bridge._feed.refused == 1


def test_commands_are_answered_in_the_qt_thread(qtbot: QtBot, bridge: Bridge, device: DeviceDouble) -> None:
    connect(bridge, device)
    answers: list[tuple[Answer, str]] = []
    bridge.command("describe", lambda answer: answers.append((answer, threading.current_thread().name)))
    bridge.command("nonsense", lambda answer: answers.append((answer, threading.current_thread().name)))
    qtbot.waitUntil(lambda: len(answers) == 2)
    assert answers[0][0].result["rig"] == "sim/wipe"
    assert answers[1][0] == Answer(False, error="There is no such command.")
    assert {name for _, name in answers} == {"MainThread"}


def test_a_command_without_an_answer_ends_at_its_deadline(qtbot: QtBot, bridge: Bridge) -> None:
    answers: list[Answer] = []
    with DeviceDouble(answers=False) as silent:
        bridge.connect_device(silent.endpoints)
        bridge.command("status", answers.append, timeout_s=0.2)
        qtbot.waitUntil(lambda: bool(answers))
    assert not answers[0].ok
    assert "no answer to 'status' within 0.2 s" in answers[0].error


def test_a_command_without_a_device_says_so(qtbot: QtBot, bridge: Bridge) -> None:
    answers: list[Answer] = []
    bridge.command("status", answers.append)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers[0].error == "No device server is connected."


def test_a_stop_goes_out_while_neither_thread_of_the_window_runs(
    qtbot: QtBot, bridge: Bridge, device: DeviceDouble
) -> None:
    connect(bridge, device)
    answers: list[Answer] = []
    gate = threading.Event()
    bridge._io.post(lambda: _wait(gate))
    bridge.command("describe")
    bridge.urgent("stop", answers.append, 5.0, reason="a test")
    try:  # no event of Qt is processed here, and the I/O thread waits
        wait_until(lambda: ("stop", {"reason": "a test"}) in device.commands, 5.0, "the stop")
        assert [name for name, _ in device.commands] == ["stop"]
    finally:
        gate.set()
    qtbot.waitUntil(lambda: bool(answers))
    assert answers[0].ok
    bridge.disconnect_device()
    bridge.urgent("stop", answers.append, 5.0, reason="a test")
    assert answers[1].error == "No device server is connected."


def _wait(gate: threading.Event) -> None:
    gate.wait(10.0)


@pytest.mark.process
def test_a_child_that_dies_is_told_with_its_last_words(qtbot: QtBot, bridge: Bridge) -> None:
    died: list[tuple[Any, ...]] = []
    bridge.jobs.died.connect(lambda job, status, words: died.append((job.role, status, words)))
    with qtbot.waitSignal(bridge.jobs.all_ended, timeout=30000):
        job = bridge.jobs.start("serve", "--rig", "sim/wype")
    assert died[0][:2] == ("serve", 1)
    assert "sim/wype" in died[0][2]
    assert "sim/wipe" in died[0][2]
    assert not job.running


@pytest.mark.process
def test_a_reader_answers_and_stops_when_asked(qtbot: QtBot, bridge: Bridge, tmp_path: Any) -> None:
    reader = bridge.open_reader(tmp_path)
    answers: list[Answer] = []
    reader.ask("list", answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=30000)
    assert answers[0].ok, answers[0].error
    with qtbot.waitSignal(reader.job.ended, timeout=30000) as ended:
        reader.close()
    assert ended.args[0] == 0
    late: list[Answer] = []
    reader.ask("list", late.append)
    qtbot.waitUntil(lambda: bool(late))
    assert "has ended" in late[0].error
