"""Role `peek`: reads the row of one file that may end its process, within limits (started by `recorders.doubt`)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from app.exchange.limits import Limits
from recorders.scan import read_row

CPU_S = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `peek`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="an episode file")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read it; returns its row."""
    Limits(cpu_s=CPU_S).apply()
    return {"row": msgspec.to_builtins(read_row(args.file, args.file.stat().st_size))}
