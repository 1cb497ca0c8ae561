"""Role `bench`: measures this machine and this build; one name per bench, all results as JSON keys."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from app.bench import peer, record, wire
from app.core.command_line import benches
from app.core.link.child import ChildLink

Bench = Callable[[argparse.Namespace, ChildLink], dict[str, Any]]
# name: (bench, what it measures)
BENCHES: dict[str, tuple[Bench, str]] = {
    "wire": (
        wire.run,
        "round trips beside bare pyzmq, jitter of the operator loop, age of samples, input to governor",
    ),
    "record": (
        record.run,
        "the recorder under four cameras, 1 kHz state and touch; with --peer beside LeRobot's",
    ),
    "wire-peer": (peer.run, "the other end of `wire` (started by it)"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench`."""
    about = "; ".join(f"{name}: {text}" for name, (_, text) in BENCHES.items())
    others = (name for name in benches() if name not in BENCHES)
    parser.epilog = f"More, each with its own `bench NAME --help`: {', '.join(others)}."
    parser.add_argument("name", choices=list(BENCHES), help=about)
    parser.add_argument("--rig", default="sim/wipe")
    parser.add_argument("--seconds", type=float, default=10.0, help="about how long each part lasts")
    parser.add_argument(
        "--data", help="of `record`: a folder on the disk that is meant; the temporary one by default"
    )
    parser.add_argument(
        "--peer", metavar="PYTHON", help="of `record`: a Python with lerobot, to be measured as well"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run one bench."""
    link = ChildLink("bench", args.hub, args.run_id)
    try:
        return BENCHES[args.name][0](args, link)
    finally:
        link.close()
