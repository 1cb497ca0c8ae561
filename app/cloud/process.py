"""Role `cloud`: hears the depth and colour streams of a device server, and publishes one coloured cloud of them.

Open3D lives in this process, on its main thread. The window starts the role and subscribes to what it publishes.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

import zmq

from app.cloud.depth import View, check
from app.cloud.fusion import Cloud, Fusion
from app.cloud.message import TOPIC, pack
from app.cloud.registration import register_all
from app.cloud.settings import MOST_POINTS, OUTLIERS, Settings
from app.cloud.views import Views
from app.core.errors import DeviceError, GeometryError, UsageError
from app.core.link.child import ChildLink
from app.core.priority import yield_to_control
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.codec import encode
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader
from app.core.wire.sockets import bind, endpoint_of

STATE_S = 1.0
RECEIVE_MS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `cloud`."""
    parser.add_argument("--connect", required=True, metavar="STREAMS,COMMANDS", help="what `serve` printed")
    parser.add_argument(
        "--stride", type=int, default=2, help="every how many rows and columns of a depth picture"
    )
    parser.add_argument(
        "--range", default="0.05,1.6", metavar="NEAR,FAR", help="depths that are kept, metres"
    )
    parser.add_argument(
        "--voxel-mm", type=float, default=4.0, help="one point for each cube of this edge; 0: all"
    )
    parser.add_argument("--outlier", choices=OUTLIERS, default="radius", help="how lone points are found")
    parser.add_argument("--budget", type=int, default=MOST_POINTS, help="most points of a cloud")
    parser.add_argument("--rate", type=float, default=11.0, help="most clouds a second")
    parser.add_argument(
        "--refine", action="store_true", help="correct the cameras' places by what they see together, once"
    )


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the settings of the command line, checked.

    Raises:
        UsageError: One of them is out of its range.
    """
    try:
        near, far = (float(word) for word in args.range.split(","))
    except ValueError as error:
        raise UsageError(f"--range {args.range}", "it is no pair of metres", options=["NEAR,FAR"]) from error
    return Settings(args.stride, near, far, args.voxel_mm * 1e-3, args.outlier, args.budget, args.rate)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Publish clouds until stopped."""
    settings = settings_of(args)
    link = ChildLink("cloud", args.hub, args.run_id)
    yield_to_control()
    try:
        with DeviceClient(Endpoints.parse(args.connect)) as client:
            views = Views(client.describe())
            if not views.topics:
                raise DeviceError("cloud", "no calibrated camera of this rig publishes depth")
            client.subscribe(views.topics)
            maker = Maker(client.context, Fusion(settings), link, args.refine)
            try:
                link.ready(endpoint=maker.endpoint, cameras=views.names)
                _serve(client, views, maker, link, 1.0 / settings.rate_hz)
            finally:
                maker.close()
    finally:
        link.close()
    return {"clouds": maker.seq, "refused": maker.refused, "why": link.why_stopping}


def _serve(client: DeviceClient, views: Views, maker: Maker, link: ChildLink, period_s: float) -> None:
    next_s = 0.0
    while not link.stopping:
        for intent in link.poll():
            if intent.get("name") == "refine":
                maker.refine = True
            elif intent.get("name") == "density":
                maker.set_density(intent)
        for topic, header, buffer in client.receive(RECEIVE_MS):
            views.take(topic.decode(), header, buffer)
        if views.fresh and maker.wanted and time.monotonic() >= next_s:
            next_s = time.monotonic() + period_s
            maker.make(views)
        maker.tell()


class Maker:
    """Makes clouds and publishes them.

    Attributes:
        seq: Clouds published so far.
        refused: Depth pictures that were refused; the reason is told once for each kind.
        refine: Register the cameras at the next cloud.
        wanted: Whether clouds are made at all.
    """

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], fusion: Fusion, link: ChildLink, refine: bool
    ) -> None:
        self._fusion, self._link = fusion, link
        self._socket = bind(context, zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, 2)  # an old cloud is worth nothing
        self.endpoint = endpoint_of(self._socket)
        self.seq = self.refused = 0
        self.refine, self.wanted = refine, True
        self._told: set[str] = set()
        self._state: dict[str, Any] = {}
        self._next_state, self._since, self._since_seq = 0.0, time.monotonic(), 0

    def make(self, views: Views) -> None:
        """Make a cloud of the newest views and publish it; what is refused is told and left out."""
        began = time.perf_counter()
        good = []
        for view in views.newest(self._refuse):
            try:
                check(view)
                good.append(view)
            except GeometryError as error:
                self._refuse(error)
        if not good:
            return
        if self.refine:
            self.refine = False
            self._register(good)
        cloud = self._fusion.fuse(good)
        self._publish(cloud, views.newest_ns)
        self._state |= {
            "points": len(cloud.points),
            "offered": cloud.offered,
            "cameras": [v.camera.name for v in good],
        }
        self._state["took_ms"] = round((time.perf_counter() - began) * 1e3, 1)

    def set_density(self, intent: dict[str, Any]) -> None:
        """Make the next clouds as the intent `density` says: `wanted`, `voxel_mm`, `outlier`, `budget`.

        What is out of its range is told, and changes nothing.
        """
        now = self._fusion.settings
        try:
            self._fusion.settings = replace(
                now,
                voxel_m=float(intent.get("voxel_mm", now.voxel_m * 1e3)) * 1e-3,
                outlier=intent.get("outlier", now.outlier),
                budget=int(intent.get("budget", now.budget)),
            )
            self.wanted = bool(intent.get("wanted", True))
        except (UsageError, TypeError, ValueError) as error:
            sentence = error.sentence() if isinstance(error, UsageError) else str(error)
            self._link.notice(f"The cloud stays as it is: {sentence}", "warning")

    def _register(self, views: list[View]) -> None:
        try:
            for name, found in register_all(self._fusion, views).items():
                self._link.notice(
                    f"Camera {name}: {found.before_mm:.1f} mm off before registration, {found.after_mm:.1f} mm after."
                )
                self._state[f"residual_mm.{name}"] = round(found.after_mm, 2)
        except GeometryError as error:
            self._refuse(error)

    def _refuse(self, error: GeometryError | Exception) -> None:
        self.refused += 1
        thing = getattr(error, "thing", "depth")
        if thing not in self._told:
            self._told.add(thing)
            sentence = error.sentence() if isinstance(error, GeometryError) else str(error)
            self._link.notice(f"{sentence} It is left out of the cloud.", "warning")

    def _publish(self, cloud: Cloud, t_ns: int) -> None:
        packed = pack(cloud.points, cloud.colours)
        device, signal = TOPIC.split("/")
        header = SampleHeader(
            SCHEMA_VERSION, device, signal, self.seq, 1, (t_ns,), (t_ns,), "raw", "<f4", packed.shape
        )  # fmt: skip
        self._socket.send_multipart([TOPIC.encode(), encode(header), packed.data])
        self.seq += 1

    def tell(self) -> None:
        """Tell the parent once a second how the clouds are."""
        now = time.monotonic()
        if now >= self._next_state:
            rate = (self.seq - self._since_seq) / max(1e-3, now - self._since)
            self._next_state, self._since, self._since_seq = now + STATE_S, now, self.seq
            self._link.send("state", rate_hz=round(rate, 1), refused=self.refused, **self._state)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
