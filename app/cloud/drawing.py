"""Role `splat`: draws the cloud of the role `cloud` as the 3D scene sees it, so that the window only shows a picture.

The window starts it where no graphics card draws the scene. It draws when a cloud comes and when the view is another.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from typing import Any

import numpy as np
import zmq

from app.cloud.message import PICTURE, TOPIC, split
from app.cloud.painter import Painter, Viewpoint
from app.cloud.splat import Dots
from app.core.errors import UsageError, WireError
from app.core.link.child import ChildLink
from app.core.priority import yield_to_control
from app.core.wire.codec import decode, decode_array, encode
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader
from app.core.wire.sockets import bind, connect, endpoint_of

POINT_PX = 3.0  # a cloud of 4 mm voxels looks closed at this size
LOOK_MS, REST_MS = 8, 100  # how often it looks for another view while it draws, and while it rests
STATE_S = 0.25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `splat`."""
    parser.add_argument("--connect", required=True, metavar="ENDPOINT", help="where `cloud` publishes")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Draw until stopped."""
    link = ChildLink("splat", args.hub, args.run_id)
    yield_to_control()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        drawing = Drawing(context, args.connect, link)
        try:
            link.ready(endpoint=drawing.endpoint)
            while not link.stopping:
                drawing.step(link.poll())
        finally:
            drawing.close()
    finally:
        link.close()
        context.term()
    return {"pictures": drawing.seq, "refused": drawing.refused, "why": link.why_stopping}


class Drawing:
    """Hears clouds and wishes, publishes pictures.

    Attributes:
        endpoint: Where pictures are published.
        seq: Pictures published so far.
        refused: Messages that were no clouds.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], clouds: str, link: ChildLink) -> None:
        self._link = link
        self._painter = Painter()
        self._clouds = connect(context, zmq.SUB, clouds)
        self._clouds.setsockopt(zmq.RCVHWM, 2)
        self._pictures = bind(context, zmq.PUB)
        self._pictures.setsockopt(zmq.SNDHWM, 2)  # an old picture is worth nothing
        self.endpoint = endpoint_of(self._pictures)
        self.seq = self.refused = 0
        self._view: Viewpoint | None = None
        self._dots: Dots | None = None
        self._t_ns = 0
        self._next_state = self._took_ms = 0.0
        self._told = 0

    def step(self, intents: list[dict[str, Any]]) -> None:
        """Take in wishes and the newest cloud, and draw if anything is new."""
        before = self._view
        for intent in intents:
            self._hear(intent)
        fresh = self._take_cloud(REST_MS if self._view is None else LOOK_MS)
        if self._view is not None and self._dots is not None and (fresh or self._view != before):
            began = time.perf_counter()
            self._publish(self._painter.draw(self._view, self._dots))
            self._took_ms = (time.perf_counter() - began) * 1e3
        self._tell()

    def _hear(self, intent: dict[str, Any]) -> None:
        if intent.get("name") == "view":
            try:
                view = Viewpoint.of(intent)
            except UsageError as error:
                self._link.notice(error.sentence(), "warning")
                return
            if self._view is None:
                self._clouds.setsockopt_string(zmq.SUBSCRIBE, TOPIC)
            self._view = view
        elif intent.get("name") == "rest" and self._view is not None:
            self._clouds.setsockopt_string(zmq.UNSUBSCRIBE, TOPIC)
            self._view = self._dots = None

    def _take_cloud(self, timeout_ms: int) -> bool:
        """Take the newest cloud that came; returns whether one did."""
        newest: list[zmq.Frame] | None = None
        if not self._clouds.poll(timeout_ms):
            return False
        with contextlib.suppress(zmq.Again):
            while True:
                newest = self._clouds.recv_multipart(zmq.NOBLOCK, copy=False)
        if newest is None or self._view is None:
            return False
        try:
            header = decode(SampleHeader, newest[1].buffer)
            packed = decode_array(header, newest[2].buffer)[-1]
            points, colours = split(packed)
        except (WireError, IndexError, ValueError):
            self.refused += 1
            return False
        self._dots, self._t_ns = Dots.of(points, colours, POINT_PX), header.t_ns[-1]
        return True

    def _publish(self, canvas: np.ndarray) -> None:
        device, signal = PICTURE.split("/")
        times = (self._t_ns,)
        header = SampleHeader(
            SCHEMA_VERSION, device, signal, self.seq, 1, times, times, "raw", "<u4", canvas.shape
        )  # fmt: skip
        self._pictures.send_multipart([PICTURE.encode(), encode(header), canvas.data], copy=False)
        self.seq += 1

    def _tell(self) -> None:
        """Tell what was drawn, four times a second at most."""
        if self._told != self.seq and (now := time.monotonic()) >= self._next_state:
            self._told, self._next_state = self.seq, now + STATE_S
            offered, drawn = self._painter.offered, self._painter.drawn
            self._link.send("state", offered=offered, drawn=drawn, took_ms=round(self._took_ms, 1))

    def close(self) -> None:
        """Close the sockets."""
        self._clouds.close()
        self._pictures.close()
