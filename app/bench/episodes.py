"""Role `bench-episodes`: a folder of many small episodes for `bench library`, which may not touch HDF5 itself."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from recorders.specimen import write_many

MOST = 100_000
TELL_EVERY = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench episodes`."""
    parser.add_argument("--data", type=Path, required=True, help="folder that is filled")
    parser.add_argument("--count", type=int, default=10_000, help="how many episodes")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write them; returns episodes (how many there are)."""
    if not 1 <= args.count <= MOST:
        raise UsageError("--count", f"{args.count} episodes cannot be", options=[f"1 to {MOST}"])
    link = ChildLink("bench-episodes", args.hub, args.run_id)
    try:
        link.ready(data=str(args.data))
        done = 0
        for done in write_many(args.data, args.count):
            link.poll()
            if link.stopping:
                break
            if done % TELL_EVERY == 0:
                link.progress(done=done, total=args.count, text=f"{done} of {args.count} episodes written")
        result = {"episodes": done}
        link.send("result", **result)
        return result
    finally:
        link.close()
