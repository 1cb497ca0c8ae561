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
from app.core.wire.messages import ServerInfo
from app.core.wire.sockets import bind, endpoint_of
from app.teleop.feel import wrench_topics
from app.teleop.hand import HandController
from app.teleop.inputs import INPUT_VARIABLE
from app.teleop.replay import IdleController, ReplayController
from app.teleop.scripted import SCRIPTED, scripted

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


def hand_of(info: ServerInfo, socket: zmq.Socket[bytes], text: str, link: ChildLink) -> HandController:
    """Return the hand for all arms of a rig."""
    others = tuple(arm.name for arm in info.others)
    return HandController(socket, text, wrench_topics(info), link.notice, others)


@contextmanager
def make_controller(
    name: str, info: ServerInfo, context: zmq.Context[zmq.Socket[bytes]], text: str, link: ChildLink
) -> Iterator[tuple[Controller, dict[str, Any]]]:
    """Yield a controller and what its `ready` tells.

    Args:
        text: The input that a hand holds beside the window; empty for none.

    Raises:
        UsageError: If there is no such scripted operator for this task.
    """
    if name == "hand":
        socket = bind(context, zmq.PULL)
        try:
            with contextlib.closing(hand_of(info, socket, text, link)) as hand:
                yield hand, {"input": endpoint_of(socket)}
        finally:
            socket.close()
    elif name == "replay":
        yield ReplayController(), {}
    elif name == "idle":
        yield IdleController(), {}
    else:
        controller = scripted(info.task, name)
        if controller is None:
            raise UsageError(
                f"operator {name!r}",
                f"there is none for the task {info.task!r}",
                options=sorted({operator for task, operator in SCRIPTED if task == info.task}),
            )
        yield controller, {}


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Drive episodes as the parent asks."""
    link = ChildLink("operate", args.hub, args.run_id)
    try:
        with DeviceClient(Endpoints.parse(args.connect)) as client:
            info = client.describe()
            hand = args.operator == "hand"
            with make_controller(args.operator, info, client.context, args.input, link) as (
                controller,
                ready,
            ):
                driver = Driver(client, controller, link, f"operate-{args.operator}", not hand, by_hand=hand)
                serve_driver(driver, link, ready)
    finally:
        link.close()
    return {"operator": args.operator, "why": link.why_stopping}
