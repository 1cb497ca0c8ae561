"""Role `serve`: the supervisor of a rig's device server. Starts it, tells its address, watches it, stops it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.link.hub import Child, Hub
from app.core.rig import load_rig
from app.core.wire.sockets import check_bind, with_port

START_S = 180.0  # the first start decimates meshes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `serve`."""
    parser.add_argument("--rig", default="sim/wipe", help="name of a rig, or path of a rig file")
    parser.add_argument("--fast", action="store_true", help="lock-step with a simulated clock")
    parser.add_argument(
        "--bind", default="tcp://127.0.0.1:*", help="address to serve at; needs keys beyond loopback"
    )


def start_device(hub: Hub, args: argparse.Namespace) -> Child:
    """Start the device server of a rig and wait until it serves."""
    words = ["--rig", args.rig, "--bind", args.bind, *(["--fast"] if args.fast else [])]
    child = hub.start("device", *words)
    hub.wait_ready(child, START_S)
    return child


def relay(link: ChildLink, hub: Hub) -> None:
    """Pass the device server's notices on to whoever started us."""
    for _, event in hub.poll(50):
        if event.kind == "notice":
            link.notice(str(event.body.get("text", "")), str(event.body.get("level", "info")))


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Serve until stopped; a device server that dies ends the role with its last words."""
    load_rig(args.rig)  # a wrong name or an open address fails here, before any process starts
    if "," in args.bind:
        raise UsageError(
            "--bind", f"{args.bind!r} is more than one address", options=["tcp://HOST:PORT"],
            way_out="Give one; the streams get the next free port by themselves, and `--connect` is printed",
        )  # fmt: skip
    check_bind(with_port(args.bind))
    link = ChildLink("serve", args.hub, args.run_id)
    try:
        with Hub() as hub:
            device = start_device(hub, args)
            ready = device.ready or {}
            link.ready(**ready)
            if args.hub is None:
                print(
                    f"serving {ready['rig']} ({ready['note']})\n--connect {ready['connect']}",
                    file=sys.stderr,
                    flush=True,
                )
            while not link.stopping:
                link.poll()
                relay(link, hub)
                if not device.running:
                    raise hub.death_of(device)
    finally:
        link.close()
    return {"rig": args.rig, "connect": ready["connect"], "why": link.why_stopping}
