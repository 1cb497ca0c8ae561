"""Collecting for real: by a hand whose beats come over the wire in real time."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from app.core.link.hub import Child, Hub
from app.core.wire.codec import encode
from app.core.wire.messages import SCHEMA_VERSION, Beat
from app.core.wire.sockets import connect
from recorders.reader import EpisodeFile

pytestmark = pytest.mark.process


class Hand:
    """The window's part of collecting by hand: beats at 50 Hz while it polls its children."""

    def __init__(self, hub: Hub, collect: Child) -> None:
        self.hub, self.collect = hub, collect
        self.state: dict[str, Any] = {}
        self.notices: list[str] = []
        ready = hub.wait_ready(collect, 180.0)
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.beats = connect(self.context, zmq.PUSH, str(ready["input"]))
        self.press = 0
        self.enable = False
        self.twist: tuple[float, ...] = (0.0,) * 6

    def poll(self) -> None:
        """Send a beat and hear the session."""
        beat = Beat(SCHEMA_VERSION, time.monotonic_ns(), self.enable, self.press, self.twist, 1.0, 0.0, False)
        self.beats.send(encode(beat))
        for child, event in self.hub.poll(20):
            if child is self.collect and event.kind == "state":
                self.state = event.body
            elif event.kind == "notice":
                self.notices.append(str(event.body["text"]))

    def until(self, wanted: Any, seconds: float = 60.0) -> None:
        """Beat until a condition on the state holds."""
        deadline = time.monotonic() + seconds
        while not wanted(self.state):
            assert time.monotonic() < deadline, (self.state, self.notices, self.collect.error_tail())
            self.poll()

    def hold(self, twist: tuple[float, ...], seconds: float) -> None:
        """Press the dead-man and move for a while, then let go."""
        self.press += 1
        self.enable, self.twist = True, twist
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.poll()
        self.enable, self.twist = False, (0.0,) * 6

    def intent(self, name: str, **body: Any) -> None:
        self.hub.intent(self.collect, name, **body)


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[Hand]:
    with Hub() as hub:
        collect = hub.start("collect", "--operator", "hand", "--data", str(tmp_path), "--person", "Ada")
        hand = Hand(hub, collect)
        try:
            yield hand
        finally:
            hand.beats.close()
            hand.context.term()


def test_one_key_walks_start_keep_next_and_the_hand_moves_only_while_held(hand: Hand, tmp_path: Path) -> None:
    hand.until(lambda state: state.get("phase") == "ready")
    hand.intent("next")
    hand.until(lambda state: state.get("phase") == "recording" and state["seconds"] > 0.2)
    hand.hold((0.0, 0.0, -1.0, 0.0, 0.0, 0.0), 0.6)
    hand.until(lambda state: state["seconds"] > 1.4)
    hand.intent("next")
    hand.until(lambda state: state.get("phase") == "kept")
    assert hand.state["kept"] == 1
    hand.intent("next")
    hand.until(lambda state: state.get("phase") == "ready")
    assert hand.state["seed"] == 1
    hand.intent("next")
    hand.until(lambda state: state.get("phase") == "recording" and state["seconds"] > 0.2)
    hand.intent("discard")
    hand.until(lambda state: state.get("phase") == "ready" and state["discarded"] == 1)
    hand.hub.stop(hand.collect)
    outcomes = {}
    for path in (tmp_path / "episodes").glob("*.h5"):
        with EpisodeFile(path) as episode:
            outcomes[episode.attributes["outcome"]] = path
            assert episode.attributes["operator"] == "Ada"
    assert outcomes.keys() == {"success", "discarded"}
    with EpisodeFile(outcomes["success"]) as episode:
        height = episode.data("arm/applied")[:, 2]
        moving = episode.times_ns("arm/applied")[:-1][np.abs(np.diff(height)) > 1e-7]
        assert height[0] - height[-1] > 0.02
        assert (moving[-1] - moving[0]) * 1e-9 < 1.2  # it stopped when the hand let go


def test_a_killed_recorder_is_told_replaced_and_what_it_had_is_recovered(hand: Hand, tmp_path: Path) -> None:
    hand.until(lambda state: state.get("phase") == "ready")
    hand.intent("next")
    hand.until(lambda state: state.get("phase") == "recording" and state["seconds"] > 0.5)
    found = subprocess.run(
        ["pgrep", "-f", f"record .*{tmp_path}"], capture_output=True, text=True, check=True
    )
    subprocess.run(["kill", "-9", *found.stdout.split()], check=True)
    hand.until(lambda state: state.get("phase") == "fault")
    hand.intent("next")
    hand.until(lambda state: state.get("phase") == "ready")
    assert any("record" in text for text in hand.notices)
    paths = list((tmp_path / "episodes").glob("*.h5"))
    assert len(paths) == 1
    with EpisodeFile(paths[0]) as episode:
        assert episode.attributes["recovered"]
        assert len(episode.data("arm/pose")) > 50


def test_a_killed_bench_is_told_and_the_take_is_kept(hand: Hand, tmp_path: Path) -> None:
    hand.until(lambda state: state.get("phase") == "ready")
    hand.intent("next")
    hand.until(lambda state: state.get("phase") == "recording" and state["seconds"] > 0.5)
    served = subprocess.run(
        ["pgrep", "-P", str(hand.collect.process.pid), "-f", "main.py serve"],
        capture_output=True,
        text=True,
        check=True,
    )
    device = subprocess.run(
        ["pgrep", "-P", served.stdout.strip()], capture_output=True, text=True, check=True
    )
    subprocess.run(["kill", "-9", *device.stdout.split()], check=True)
    hand.until(lambda state: state.get("phase") == "fault")
    hand.until(lambda _state: bool(list((tmp_path / "episodes").glob("*.h5"))))
    assert any("silent" in text and "kept" in text for text in hand.notices)
    assert hand.collect.running
    (path,) = (tmp_path / "episodes").glob("*.h5")
    with EpisodeFile(path) as episode:
        assert episode.attributes["outcome"] == "failure"
        assert len(episode.data("arm/pose")) > 50
