"""A leader on a pseudo-terminal drives the simulated arm, enabled by the window's beats; tones play beside it."""

from __future__ import annotations

import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from app.core.link.hub import Child, Hub
from app.core.safety.reasons import Reason
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.codec import decode_array, encode
from app.core.wire.messages import SCHEMA_VERSION, Beat
from app.core.wire.sockets import connect
from app.teleop.chains import chain_of
from app.teleop.tone import RATE_HZ
from devices.inputs.leader_file import LeaderFile, save_leader
from tests.devices.inputs.servo_double import ServoDouble
from tests.hygiene import wait_until

STEPS_PER_RAD = 4096 / (2 * np.pi)


class Window:
    """Beats as the window sends them, while the test holds the dead-man; and the hub's heartbeat."""

    def __init__(self, hub: Hub, endpoint: str) -> None:
        self.enable, self.press, self.clutch = False, 0, False
        self.hub = hub
        self.jobs: list[Callable[[], None]] = []
        self.on = True
        self._endpoint = endpoint
        self._thread = threading.Thread(target=self._beat, name="window")
        self._thread.start()

    def _beat(self) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        push = connect(context, zmq.PUSH, self._endpoint)
        while self.on:
            while self.jobs:
                self.jobs.pop()()
            self.hub.poll(8)
            twist = (1.0, 1.0, 1.0, 0.0, 0.0, 0.0)  # keys that are pressed beside a leader move nothing
            beat = Beat(
                SCHEMA_VERSION,
                time.monotonic_ns(),
                self.enable,
                self.press,
                twist,
                1.0,
                0.0,
                False,
                self.clutch,
            )
            push.send(encode(beat))
        push.close(linger=0)
        context.term()

    def hold(self, enable: bool) -> None:
        """Press or let go."""
        self.press += int(enable and not self.enable)
        self.enable = enable

    def close(self) -> None:
        """Stop."""
        self.on = False
        self._thread.join()


class Rig:
    """Newest samples of the arm."""

    def __init__(self, client: DeviceClient) -> None:
        self.client = client
        self.newest: dict[str, np.ndarray] = {}
        client.subscribe(("arm/joints", "arm/applied", "arm/pose", "arm/reasons"))

    def hear(self) -> bool:
        """Take in what came."""
        for _, header, buffer in self.client.receive(10):
            self.newest[header.signal] = np.array(decode_array(header, buffer)[-1])
        return {"joints", "applied", "pose"} <= self.newest.keys()

    def unenabled(self) -> bool:
        """Whether the governor holds the arm because nothing enables it."""
        flags = Reason(int(self.newest["reasons"][0])) if "reasons" in self.newest else Reason.NONE
        return bool(flags & (Reason.NOT_ENABLED | Reason.REARM))

    def at(self, flange: np.ndarray, mount: np.ndarray) -> bool:
        """Whether the tool is where this flange would put it."""
        self.hear()
        return bool(np.linalg.norm(self.newest["pose"][:3] - (flange @ mount)[:3, 3]) < 0.006)


@pytest.fixture
def hub() -> Iterator[tuple[Hub, list[str]]]:
    said: list[str] = []
    with Hub(lambda _, event: said.append(str(event.body.get("text", "")))) as hub:
        yield hub, said


def steps_of(joints: np.ndarray) -> dict[int, int]:
    return {number: round(angle * STEPS_PER_RAD) for number, angle in enumerate(joints, start=1)}


@pytest.mark.process
def test_a_leader_drives_the_arm_from_a_press_without_a_jump(
    hub: tuple[Hub, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children, said = hub
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    server = children.start("device", "--rig", "sim/wipe")
    connect_text = str(children.wait_ready(server, 60.0)["connect"])
    servos = ServoDouble(dict.fromkeys(range(1, 8), 0))
    plan = LeaderFile("panda", (1, 2, 3, 4, 5, 6, 7), (1.0,) * 7, (0.0,) * 7, 1_000_000)
    save_leader(tmp_path / "touchstone" / "leaders" / f"{Path(servos.port).name}.toml", plan)
    operator = children.start("operate", "--connect", connect_text, "--operator", "hand")
    tones = children.start("tones", "--connect", connect_text, "--wav", str(tmp_path / "heard.wav"))
    ready = children.wait_ready(operator, 30.0)
    children.wait_ready(tones, 30.0)
    children.intent(operator, "begin", seed=0, until_ns=0, meta={})
    window = Window(children, str(ready["input"]))
    try:
        with DeviceClient(Endpoints.parse(connect_text)) as client:
            drive(Rig(client), window, operator, servos, said)
    finally:
        window.close()
        servos.close()
    children.stop(tones)
    with wave.open(str(tmp_path / "heard.wav")) as heard:
        assert heard.getnframes() > RATE_HZ, "it played all the while"


def drive(rig: Rig, window: Window, operator: Child, servos: ServoDouble, said: list[str]) -> None:
    def intent(**body: Any) -> None:
        window.jobs.append(lambda: window.hub.intent(operator, **body))

    wait_until(rig.hear, 10.0, "the arm")
    joints = rig.newest["joints"][:7]
    chain = chain_of("panda")
    mount = np.linalg.inv(chain.flange(joints)) @ matrix(rig.newest["pose"])
    servos.steps.update(steps_of(joints + np.array([0.6, 0, 0, 0, 0, 0, 0.6])))  # far away
    intent(name="input", text=f"leader:{servos.port}")
    wait_until(lambda: servos.heard > 20, 20.0, f"the leader to be read; {said}")
    start = rig.newest["pose"][:3].copy()
    window.hold(True)
    wait_until(lambda: rig.hear() and any("away from the arm" in text for text in said), 10.0, "the refusal")
    assert np.linalg.norm(rig.newest["pose"][:3] - start) < 0.002, "a refused press moves nothing"
    window.hold(False)
    near = joints + np.array([0.05, 0.03, 0, 0, 0, 0, 0.05])
    servos.steps.update(steps_of(near))
    read = servos.heard
    wait_until(lambda: rig.hear() and servos.heard > read + 60, 10.0, "the leader at rest")
    press_until(window, lambda: rig.at(chain.flange(near), mount))
    window.clutch = True
    moved = near + np.array([0.06, 0, 0, 0, 0, 0, 0])
    servos.steps.update(steps_of(moved))
    stood = rig.newest["applied"][:3].copy()
    count = servos.heard
    wait_until(lambda: rig.hear() and servos.heard > count + 40, 10.0, "a while under the clutch")
    assert np.linalg.norm(rig.newest["applied"][:3] - stood) < 0.003
    window.clutch = False
    press_until(window, lambda: rig.at(chain.flange(moved), mount))
    servos.close()
    wait_until(
        lambda: rig.hear() and any("Motion has ended" in text for text in said), 10.0, "the loss to be told"
    )
    rig.newest.pop("reasons", None)
    wait_until(lambda: rig.hear() and rig.unenabled(), 10.0, "a hold, though the dead-man is held")
    window.hold(False)


def press_until(window: Window, condition: Callable[[], bool]) -> None:
    """Hold the dead-man until the condition holds; a stall of this machine spends a press, so press again then."""
    deadline, change = time.monotonic() + 40.0, time.monotonic() + (3.0 if window.enable else 0.0)
    while not condition():
        assert time.monotonic() < deadline, "the arm did not come to the leader"
        if time.monotonic() > change:
            window.hold(not window.enable)
            change = time.monotonic() + (3.0 if window.enable else 0.1)


def matrix(pose: np.ndarray) -> np.ndarray:
    from app.core.geometry import pose_to_matrix

    return pose_to_matrix(pose)
