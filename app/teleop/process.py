"""Role `operate`: one operator (hand, scripted, replay, idle) that drives a rig. Started by collect and augment."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import zmq

from app.core.drive.controller import Controller
from app.core.drive.loop import Driver, serve_driver
from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.sockets import bind, endpoint_of
from app.teleop.hand import HandController
from app.teleop.held import HeldBeats, open_input
from app.teleop.replay import IdleController, ReplayController
from app.teleop.scripted import SCRIPTS, ScriptController

INPUT_VARIABLE = "TOUCHSTONE_INPUT"
OPERATORS = ("hand", "script", "blind", "replay", "idle")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `operate`."""
    parser.add_argument("--connect", required=True, help="STREAMS,COMMANDS of a device server")
    parser.add_argument("--operator", default="hand", choices=OPERATORS)
    parser.add_argument(
        "--input",
        default=os.environ.get(INPUT_VARIABLE, ""),
        help=f"KIND:PATH[,SETTING] of what is held in the hand beside the window; ${INPUT_VARIABLE} by default",
    )


@contextmanager
def make_controller(
    name: str, task: str, context: zmq.Context[zmq.Socket[bytes]], held: HeldBeats | None = None
) -> Iterator[tuple[Controller, dict[str, Any]]]:
    """Yield a controller and what its `ready` tells.

    Raises:
        UsageError: If there is no such scripted operator for this task.
    """
    if name == "hand":
        socket = bind(context, zmq.PULL)
        try:
            yield HandController(socket, held), {"input": endpoint_of(socket)}
        finally:
            socket.close()
    elif name == "replay":
        yield ReplayController(), {}
    elif name == "idle":
        yield IdleController(), {}
    else:
        script = SCRIPTS.get((task, name))
        if script is None:
            raise UsageError(
                f"operator {name!r}", f"there is none for the task {task!r}", options=[n for _, n in SCRIPTS]
            )
        yield ScriptController(script()), {}


def _open_held(text: str, link: ChildLink) -> HeldBeats:
    device, settings = open_input(text)
    return HeldBeats(device, lambda said: link.notice(said, "error"), settings)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Drive episodes as the parent asks."""
    link = ChildLink("operate", args.hub, args.run_id)
    try:
        with DeviceClient(Endpoints.parse(args.connect)) as client:
            task = client.describe().task
            hand = args.operator == "hand"
            held = _open_held(args.input, link) if hand and args.input else None
            with (
                contextlib.closing(held) if held else contextlib.nullcontext(),
                make_controller(args.operator, task, client.context, held) as (controller, ready),
            ):
                driver = Driver(client, controller, link, f"operate-{args.operator}", not hand, by_hand=hand)
                serve_driver(driver, link, ready)
    finally:
        link.close()
    return {"operator": args.operator, "why": link.why_stopping}
