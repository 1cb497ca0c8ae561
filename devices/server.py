"""Role `device`: serves one rig's device. Started by `serve`; the process next to the motor."""

from __future__ import annotations

import argparse
from typing import Any

import zmq

from app.core.clock import ManualClock, MonotonicClock
from app.core.link.child import ChildLink
from app.core.rig import load_rig
from app.core.wire.client import Endpoints
from app.core.wire.sockets import bind, endpoint_of
from devices.serving.core import DeviceServer
from devices.serving.pace import run_lockstep, run_realtime
from devices.specs import make_device

LOCKSTEP_START_NS = 1_000_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `device`."""
    parser.add_argument("--rig", required=True)
    parser.add_argument("--fast", action="store_true", help="lock-step with a simulated clock")
    parser.add_argument(
        "--bind", default="tcp://127.0.0.1:*", help="address of both sockets; * takes a free port"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Serve until the parent stops it."""
    link = ChildLink("device", args.hub, args.run_id)
    rig = load_rig(args.rig)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    commands = bind(context, zmq.ROUTER, args.bind)
    streams = bind(context, zmq.PUB, args.bind if args.bind.endswith("*") else "tcp://127.0.0.1:*")
    device = make_device(rig, args.fast)
    try:
        endpoints = Endpoints(endpoint_of(streams), endpoint_of(commands))
        clock = ManualClock(LOCKSTEP_START_NS) if args.fast else MonotonicClock()
        server = DeviceServer(rig, device, clock, commands, streams, args.fast, link)
        link.ready(connect=endpoints.text(), note=server.description.note, rig=rig.name)
        if isinstance(clock, ManualClock):
            run_lockstep(server, clock)
        else:
            run_realtime(server)
    finally:
        device.close()
        commands.close()
        streams.close()
        context.term()
        link.close()
    return {"periods": server.period, "why": link.why_stopping}
