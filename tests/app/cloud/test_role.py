"""The role `cloud` on a real device server: real processes, a cloud on the table, registered when asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zmq

from app.cloud.message import TOPIC, unpack
from app.core.errors import ProcessError
from app.core.link.hub import Hub
from app.core.rig import RIGS
from app.core.wire.codec import decode, decode_array
from app.core.wire.messages import SampleHeader
from app.core.wire.sockets import connect
from devices.synthetic import scene


def height_of_table_or_ball(points: np.ndarray) -> np.ndarray:
    """How far points are from the nearer of table and sphere at phase 0, m."""
    ball = np.abs(np.linalg.norm(points - scene.sphere_centre(0.0), axis=1) - scene.RADIUS)
    return np.minimum(np.abs(points[:, 2] - scene.TABLE_Z), ball)


def small_rig(name: str, folder: Path) -> Path:
    """Return the file of a bench rig with two small cameras whose picture never changes."""
    text = (RIGS / "bench" / f"{name}.toml").read_text()
    rig = folder / "small.toml"
    rig.write_text(text.replace("[640, 480]", "[160, 120]").replace("cameras = 3", "cameras = 2\nphases = 1"))
    return rig


@pytest.mark.process
def test_clouds_come_and_lie_on_the_scene(tmp_path: Path) -> None:
    rig = small_rig("cloud", tmp_path)
    with Hub() as hub:
        server = hub.start("device", "--rig", str(rig))
        address = str(hub.wait_ready(server)["connect"])
        role = hub.start(
            "cloud", "--connect", address, "--stride", "1", "--voxel-mm", "6", "--budget", "3000", "--refine"
        )
        ready = hub.wait_ready(role)
        assert ready["cameras"] == ["scene", "wrist"]
        points, colours, header = first_cloud(str(ready["endpoint"]))
        notice = hub.wait_for(role, ("notice",), 20.0)
        state = hub.wait_for(role, ("state",), 20.0, points=len(points)).body
        hub.intent(role, "density", voxel_mm=0.0, outlier="none", budget=700)
        state = hub.wait_for(role, ("state",), 20.0, points=700).body
        hub.intent(role, "density", voxel_mm=500.0)
        refusal = hub.wait_for(role, ("notice",), 20.0).body["text"]
        hub.intent(role, "density", wanted=False)
        hub.wait_for(role, ("state",), 20.0, rate_hz=0.0)
    assert "--voxel-mm" in refusal
    assert header.shape == (len(points), 4)
    assert len(points) > 1000
    assert np.percentile(height_of_table_or_ball(points), 95) < 3e-3
    assert np.ptp(colours.astype(int), axis=0).min() > 50
    assert "Camera wrist" in notice.body["text"]
    assert state["refused"] == 0
    assert state["offered"] >= len(points)
    assert state["residual_mm.wrist"] < 2.0


def first_cloud(endpoint: str) -> tuple[np.ndarray, np.ndarray, SampleHeader]:
    """Return the first cloud of two cameras that is published."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = connect(context, zmq.SUB, endpoint)
    socket.setsockopt_string(zmq.SUBSCRIBE, TOPIC)
    try:
        assert socket.poll(20_000), "no cloud came"
        _, head, buffer = socket.recv_multipart()
        header = decode(SampleHeader, head)
        return (*unpack(decode_array(header, buffer)[0].copy()), header)
    finally:
        socket.close()
        context.term()


@pytest.mark.process
def test_a_rig_without_depth_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with Hub() as hub:
        server = hub.start("device", "--rig", str(small_rig("load", tmp_path)))
        role = hub.start("cloud", "--connect", str(hub.wait_ready(server)["connect"]))
        with pytest.raises(ProcessError, match="no calibrated camera of this rig publishes depth"):
            hub.wait_ready(role)
