"""`bench wire`: what our layer costs over bare pyzmq, and how late things come where it matters.

Our way and the bare way take turns within one run, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import zmq

from app.bench.latency import measure_input, measure_loop
from app.bench.peer import FRAME_TOPIC
from app.bench.summary import summarize
from app.core.ids import next_message_id
from app.core.link.child import ChildLink
from app.core.link.hub import Hub
from app.core.priority import prefer_control
from app.core.wire.client import KIND_COMMAND, DeviceClient, Endpoints
from app.core.wire.codec import decode_array, encode
from app.core.wire.messages import SCHEMA_VERSION, Command
from app.core.wire.sockets import connect

COMMAND_BYTES = 200
WARM_UP = 100
ANSWER_MS = 5000
KEEP_ALIVE_S = 0.5


class Bare:
    """The bare way: the same sockets, the same bytes, nothing else."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoints: Endpoints) -> None:
        self.commands = connect(context, zmq.DEALER, endpoints.commands)
        self.frames = connect(context, zmq.SUB, endpoints.streams)
        self.frames.setsockopt(zmq.SUBSCRIBE, b"")

    def command(self, data: bytes) -> None:
        """One round trip of a command."""
        self.commands.send_multipart([b"C", data])
        if self.commands.poll(ANSWER_MS):
            self.commands.recv()

    def frame(self) -> int:
        """Ask for a frame and wait for it; returns its size."""
        self.commands.send_multipart([b"C", b"frame"])
        if not self.frames.poll(ANSWER_MS):
            return 0
        return len(self.frames.recv_multipart(copy=False)[2].buffer)

    def close(self) -> None:
        """Close both sockets."""
        self.commands.close()
        self.frames.close()


def our_frame(client: DeviceClient) -> int:
    """Ask for a frame in our way and wait for it; returns its size."""
    command = Command(SCHEMA_VERSION, next_message_id(), "frame", {})
    client.commands.send_multipart([KIND_COMMAND, encode(command)])
    for _, header, buffer in client.receive(ANSWER_MS):
        return int(decode_array(header, buffer).nbytes)
    return 0


def take_turns(
    ways: dict[str, Callable[[], Any]], seconds: float, keep_alive: Callable[[], Any]
) -> dict[str, list[float]]:
    """Call each way in turn until the time is over; returns how long each call took, in ms, without the first ones."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    end = time.monotonic() + seconds
    next_beat = 0.0
    rounds = 0
    while time.monotonic() < end or rounds < 2 * WARM_UP:
        if time.monotonic() > next_beat:
            next_beat = time.monotonic() + KEEP_ALIVE_S
            keep_alive()
        for name, way in ways.items():
            begun = time.perf_counter_ns()
            way()
            taken[name].append((time.perf_counter_ns() - begun) * 1e-6)
        rounds += 1
    return {name: values[WARM_UP:] for name, values in taken.items()}


def measure_round_trips(hub: Hub, seconds: float) -> dict[str, float]:
    """Return the percentiles of commands and frames both ways, and their ratios."""
    peer = hub.start("bench", "wire-peer")
    ready = hub.wait_ready(peer)
    with DeviceClient(Endpoints.parse(str(ready["connect"]))) as client:
        client.subscribe((FRAME_TOPIC,))
        bare = Bare(client.context, Endpoints.parse(str(ready["bare"])))
        try:
            while not bare.frame():  # until the subscription is live
                hub.poll()
            text = "x" * (COMMAND_BYTES - len(encode(Command(SCHEMA_VERSION, 100, "echo", {"data": ""}))))
            data = bytes(COMMAND_BYTES)
            commands = take_turns(
                {"bare_command": lambda: bare.command(data), "command": lambda: client.call("echo", data=text)},
                seconds, hub.poll,
            )  # fmt: skip
            frames = take_turns(
                {"bare_frame": bare.frame, "frame": lambda: our_frame(client)}, seconds, hub.poll
            )
        finally:
            bare.close()
    hub.stop(peer)
    result: dict[str, float] = {}
    for name, values in (*commands.items(), *frames.items()):
        result |= summarize(name, values)
    for name in ("command", "frame"):
        for share in ("p50", "p99"):
            ratio = result[f"{name}_{share}_ms"] / result[f"bare_{name}_{share}_ms"]
            result[f"{name}_{share}_ratio"] = round(ratio, 3)
    return result


def run(args: argparse.Namespace, link: ChildLink) -> dict[str, Any]:
    """Measure everything; returns the JSON keys."""
    scheduling = prefer_control()
    with Hub() as hub:
        result: dict[str, Any] = {"scheduling": scheduling, **measure_round_trips(hub, args.seconds)}
        server = hub.start("device", "--rig", args.rig)
        endpoints = Endpoints.parse(str(hub.wait_ready(server, 180.0)["connect"]))
        link.progress(text="round trips done; now the loop, the ages and the input")
        result |= measure_loop(hub, link, endpoints, args.seconds)
        result |= measure_input(hub, endpoints, args.seconds)
    return result
