"""Role `device`: serves one rig's device. Started by `serve`; the process next to the motor."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

import zmq

from app.core.clock import ManualClock, MonotonicClock
from app.core.link.child import ChildLink
from app.core.priority import prefer_control, settle_memory
from app.core.rig import load_rig
from app.core.wire.client import Endpoints
from app.core.wire.gate import Gate
from app.core.wire.sockets import advertised, bind, check_bind, endpoint_of, is_local, make_context, with_port
from devices.serving.core import DeviceServer
from devices.serving.pace import run_lockstep, run_realtime
from devices.specs import make_device

LOCKSTEP_START_NS = 1_000_000_000
COMMAND_BYTES = 64 * 1024  # the longest command; a peer that sends more is cut off
SUBSCRIPTION_BYTES = 1024  # what comes in on the streams: topics


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `device`."""
    parser.add_argument("--rig", required=True)
    parser.add_argument("--fast", action="store_true", help="lock-step with a simulated clock")
    parser.add_argument(
        "--bind",
        default="tcp://127.0.0.1:*",
        help="address of the commands; streams take the next port, or any with *; other than loopback needs keys",
    )


def streams_address(commands: str) -> str:
    """Return the address of the streams beside a bound address of the commands: the same host, the next port."""
    host, _, port = commands.rpartition(":")
    return f"{host}:{int(port) + 1}"


class Wires:
    """Context, gate and both sockets of a server. A context manager.

    Args:
        address: Where to bind; `tcp://HOST` takes free ports.

    Raises:
        WireError: If others could reach the address and there are no keys, or it is in use.
    """

    def __init__(self, address: str) -> None:
        address = with_port(address)
        check_bind(address)
        self.context = make_context()
        self.gate: Gate | None = None
        self._sockets: list[zmq.Socket[bytes]] = []
        try:
            if not is_local(address):
                self.gate = Gate(self.context)
            self.commands = self._bind(zmq.ROUTER, address, COMMAND_BYTES)
            beside = address if address.endswith("*") else streams_address(address)
            self.streams = self._bind(zmq.PUB, beside, SUBSCRIPTION_BYTES)
        except BaseException:
            self.close()
            raise

    def _bind(self, kind: int, address: str, most_bytes: int) -> zmq.Socket[bytes]:
        socket = bind(self.context, kind, address, self.gate, most_bytes)
        self._sockets.append(socket)
        return socket

    def endpoints(self) -> Endpoints:
        """Return where clients connect."""
        return Endpoints(advertised(endpoint_of(self.streams)), advertised(endpoint_of(self.commands)))

    def close(self) -> None:
        """Close everything."""
        for socket in self._sockets:
            socket.close()
        if self.gate is not None:
            self.gate.close()
        self.context.term()


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Serve until the parent stops it."""
    link = ChildLink("device", args.hub, args.run_id)
    try:
        rig = load_rig(args.rig)
        with (
            contextlib.closing(Wires(args.bind)) as wires,
            contextlib.closing(make_device(rig, args.fast)) as device,
        ):
            clock = ManualClock(LOCKSTEP_START_NS) if args.fast else MonotonicClock()
            server = DeviceServer(
                rig, device, clock, wires.commands, wires.streams, args.fast, link, wires.gate
            )
            link.ready(connect=wires.endpoints().text(), note=server.description.note, rig=rig.name)
            if isinstance(clock, ManualClock):
                run_lockstep(server, clock)
            else:
                settle_memory()
                prefer_control()
                run_realtime(server)
    finally:
        link.close()
    return {"periods": server.period, "why": link.why_stopping}
