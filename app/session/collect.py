"""Role `collect`: record demonstrations on a rig, by a scripted operator or by a person's hand in the window."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.link.hub import Child, Hub
from app.core.project import demonstrations_folder
from app.core.rig import load_rig
from app.core.wire.messages import Event
from app.session.hand import HandSession
from app.session.rigging import RigAtHand
from app.session.scripted import ScriptedSession
from app.session.take import TakeSpec

OPERATORS = ("hand", "script", "blind", "idle")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `collect`."""
    parser.add_argument("--rig", default="sim/wipe")
    parser.add_argument("--operator", default="script", choices=OPERATORS, help="who drives")
    parser.add_argument("--episodes", type=int, default=20, help="how many to keep")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the first episode; each next one takes the next"
    )
    parser.add_argument(
        "--condition", default="", help="nominal, before, after or mixed; empty for the rig's own"
    )
    parser.add_argument(
        "--data", type=Path, default=None, help="folder; the project's demonstrations by default"
    )
    parser.add_argument("--fast", action="store_true", help="lock-step with a simulated clock")
    parser.add_argument("--connect", help="STREAMS,COMMANDS of a running serve")
    parser.add_argument("--person", default="", help="who operates, for the episode's attributes")
    parser.add_argument("--instruction", default="", help="the task in words; empty for the rig's own")
    parser.add_argument("--limit", type=float, default=30.0, help="longest episode in seconds")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Collect until the plan is full or the parent stops."""
    if args.episodes < 1:
        raise UsageError(
            "--episodes", f"{args.episodes} is no number of episodes to keep", options=["1 or more"]
        )
    if args.operator == "hand" and (args.fast or args.hub is None):
        raise UsageError(
            "--operator hand", "a hand needs the window, in real time", way_out="Run `python main.py`"
        )
    rig = load_rig(args.rig)
    link = ChildLink("collect", args.hub, args.run_id)
    folder = args.data or demonstrations_folder()
    meta = {"operator": args.person or args.operator, "instruction": args.instruction or rig.instruction}
    try:
        with (
            Hub(lambda _child, event: link.pass_on(event)) as hub,
            RigAtHand(hub, args.rig, args.connect, args.fast) as at_hand,
        ):
            recorder = start_recorder(hub, at_hand, folder)
            operator = start_operator(hub, at_hand, args.operator)
            common = (link, hub, at_hand, recorder, operator, folder, args.episodes)
            if args.operator == "hand":
                return HandSession(*common, args.seed, args.condition, meta).run()
            return run_scripted(
                ScriptedSession(*common, TakeSpec(args.seed, args.condition, args.limit, meta))
            )
    finally:
        link.close()


def start_recorder(hub: Hub, rig: RigAtHand, folder: Path) -> Child:
    """Start a recorder on a folder and wait until it has recovered what it found there."""
    recorder = hub.start("record", "--connect", rig.endpoints.text(), "--data", str(folder))
    hub.wait_ready(recorder)
    return recorder


def start_operator(hub: Hub, rig: RigAtHand, name: str) -> Child:
    """Start an operator process."""
    operator = hub.start("operate", "--connect", rig.endpoints.text(), "--operator", name)
    hub.wait_ready(operator)
    return operator


def run_scripted(session: ScriptedSession) -> dict[str, Any]:
    """Run a session whose listener both passes notices on and follows the recorder."""

    def hear(child: Child, event: Event) -> None:
        session.link.pass_on(event)
        session.hear(child, event)

    session.hub.listener = hear
    return session.run()
