"""The splat by hand: near over far, thinning that keeps a wall closed, views that cannot be drawn; and the role."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import zmq

from app.cloud.message import PICTURE, TOPIC, pack
from app.cloud.orbit import Orbit
from app.cloud.painter import FRAME_S, MOST_PIXELS, Painter, Viewpoint
from app.cloud.splat import Dots, splat
from app.core.errors import UsageError
from app.core.link.hub import Hub
from app.core.wire.codec import decode, decode_array, encode
from app.core.wire.messages import SampleHeader
from app.core.wire.sockets import bind, connect, endpoint_of

LEVEL = Orbit(centre=(0.0, 0.0, 0.0), distance=2.0, azimuth=0.0, elevation=0.0, field_of_view=90.0)
RED, BLUE = 0xFFFF0000, 0xFF0000FF


def wall(columns: int, rows: int) -> Dots:
    """Return a red wall through the middle of the level view."""
    y, z = np.meshgrid(np.linspace(-0.9, 0.9, columns), np.linspace(-0.4, 0.4, rows))
    points = np.stack([np.zeros(y.size), y.ravel(), z.ravel()], axis=1)
    return Dots.of(points, np.full(len(points), RED & 0xFFFFFF, dtype=np.uint32), 3.0)


def test_near_points_cover_far_ones_whatever_their_order() -> None:
    points = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    colours = np.array([[255, 0, 0], [0, 0, 255]], dtype=np.uint8)
    for order in ([0, 1], [1, 0]):
        canvas = np.zeros((200, 400), dtype=np.uint32)
        splat(canvas, LEVEL, Dots.of(points[order], colours[order], 5.0))
        assert canvas[100, 200] == RED
        assert (canvas != 0).sum() == 25


def test_a_far_point_never_covers_a_part_of_a_near_one() -> None:
    """The far one is one pixel to the left and above: its square overlaps the near one's."""
    canvas = np.zeros((200, 400), dtype=np.uint32)
    near, far = np.array([0.5, 0.0, 0.0]), np.array([-1.0, -0.015, 0.015])
    dots = Dots.of(np.stack([near, far]), np.array([[255, 0, 0], [0, 0, 255]], dtype=np.uint8), 5.0)
    splat(canvas, LEVEL, dots)
    assert (canvas == RED).sum() == 25
    assert 0 < (canvas == BLUE).sum() < 25


def test_a_machine_that_is_too_slow_draws_fewer_and_larger_points() -> None:
    painter, dots = Painter(), wall(300, 200)
    whole = painter.draw(Viewpoint(LEVEL, 400, 200), dots)
    assert (painter.offered, painter.drawn) == (60_000, 60_000)
    painter._seconds_per_point = FRAME_S / 15_000
    thinned = painter.draw(Viewpoint(LEVEL, 400, 200), dots)
    assert painter.drawn == pytest.approx(15_000, abs=2)
    inside = (slice(64, 136), slice(115, 285))
    assert (whole[inside] == RED).all()
    assert (thinned[inside] == RED).all(), "larger points keep the wall closed"


def test_a_very_large_view_gets_a_smaller_picture_of_the_same_shape() -> None:
    picture = Painter().draw(Viewpoint(LEVEL, 7680, 3840), wall(30, 20))
    assert picture.size <= MOST_PIXELS * 1.01
    assert picture.shape[1] == pytest.approx(2 * picture.shape[0], abs=1)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"height": 10**6},
        {"orbit": {"centre": [0, 0]}},
        {"orbit": {"centre": [0, 0, float("nan")]}},
        {"orbit": {"centre": [0, 0, 0], "roll": 1.0}},
        {"orbit": None},
    ],
)
def test_a_view_that_is_none_is_refused(change: dict[str, Any]) -> None:
    good = Viewpoint(LEVEL, 400, 200)
    assert Viewpoint.of(good.body()) == good
    with pytest.raises(UsageError, match="view"):
        Viewpoint.of(good.body() | change)


class Clouds:
    """Publishes clouds as the role `cloud` does, and receives what is drawn of them."""

    def __init__(self) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._out = bind(self._context, zmq.XPUB)
        self.endpoint = endpoint_of(self._out)
        self._seq = 0

    def heard(self) -> bytes:
        """Return the next subscription: 1 and the topic, or 0 when it is taken back."""
        assert self._out.poll(10_000), "nobody subscribed"
        return self._out.recv()

    def publish(self, dots: Dots, t_ns: int, bytes_less: int = 0) -> None:
        shades = dots.argb
        colours = np.stack([(shades >> shift) & 255 for shift in (16, 8, 0)], axis=1).astype(np.uint8)
        packed = pack(dots.points, colours)
        header = SampleHeader(
            1, "cloud", "points", self._seq, 1, (t_ns,), (t_ns,), "raw", "<f4", packed.shape
        )
        self._out.send_multipart(
            [TOPIC.encode(), encode(header), packed.tobytes()[: packed.nbytes - bytes_less]]
        )
        self._seq += 1

    def listen(self, endpoint: str) -> zmq.Socket[bytes]:
        pictures = connect(self._context, zmq.SUB, endpoint)
        pictures.setsockopt_string(zmq.SUBSCRIBE, PICTURE)
        return pictures

    def close(self) -> None:
        self._out.close()
        self._context.term()


def picture_from(pictures: zmq.Socket[bytes]) -> tuple[np.ndarray, SampleHeader]:
    assert pictures.poll(10_000), "no picture came"
    _, head, buffer = pictures.recv_multipart()
    header = decode(SampleHeader, head)
    return decode_array(header, buffer)[0], header


@pytest.mark.process
def test_the_role_draws_what_is_published_and_rests_when_nobody_looks() -> None:
    clouds = Clouds()
    with Hub() as hub:
        role = hub.start("splat", "--connect", clouds.endpoint)
        pictures = clouds.listen(str(hub.wait_ready(role)["endpoint"]))
        hub.intent(role, "view", **Viewpoint(LEVEL, 400, 200).body())
        assert clouds.heard() == b"\x01" + TOPIC.encode(), "clouds come only while somebody looks"
        clouds.publish(wall(300, 200), 5, bytes_less=4)  # refused
        clouds.publish(wall(300, 200), 7)
        first, header = picture_from(pictures)
        state = hub.wait_for(role, ("state",), 10.0, offered=60_000).body
        hub.intent(role, "view", orbit={}, width=1, height=1)
        refusal = hub.wait_for(role, ("notice",), 10.0).body["text"]
        hub.intent(role, "view", **Viewpoint(LEVEL.turned(180.0, 0.0).zoomed(2.0), 400, 200).body())
        turned, later = picture_from(pictures)
        hub.intent(role, "rest")
        assert clouds.heard() == b"\x00" + TOPIC.encode()
        pictures.close()
    clouds.close()
    assert first.shape == (200, 400)
    assert first[100, 200] == RED
    assert header.t_ns == later.t_ns == (7,), "a picture has the time of its cloud"
    assert "orbit, width, height" in refusal
    assert 0 < (turned != 0).sum() < 0.5 * (first != 0).sum(), "the same cloud from farther away"
    assert state["drawn"] > 0
