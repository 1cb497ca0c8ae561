"""Role `unpack`: read a foreign set within limits and write its episodes; started by `import`, by nobody else.

It tells what it does on the standard output, one JSON object a line, so that its parent knows which episode it died of:
{"opened": episodes}, {"begin": index}, {"kept": {...}}, {"refused": reason}, {"end": true}.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.core.errors import EpisodeError, TouchstoneError
from app.core.link.child import VERSION
from app.exchange.limits import Limits

SOFTWARE = f"touchstone {VERSION}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `unpack`."""
    parser.add_argument("path", type=Path, help="file or folder to read")
    parser.add_argument("--format", default="auto")
    parser.add_argument("--staging", required=True, type=Path, help="data folder to write into")
    parser.add_argument("--first", type=int, default=0, help="number of the first episode")
    parser.add_argument("--topics", type=Path, default=None, help="table of topics of a foreign MCAP file")
    parser.add_argument(
        "--rate", type=float, default=None, help="rows per second of a set that does not say it"
    )
    parser.add_argument("--memory-mb", type=int, default=4096)
    parser.add_argument("--cpu-s", type=int, default=600)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read what there is from `--first` on; a failure of one episode is told, and the next is read."""
    Limits(args.memory_mb << 20, args.cpu_s).apply()
    kept = 0
    for line in unpack(args):
        tell(line)
        kept += "kept" in line
    return {"kept": kept}


def tell(line: dict[str, Any]) -> None:
    """Write one line for the parent."""
    os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")


def unpack(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what is told to the parent while the episodes are written."""
    from recorders.exchange.sources import open_source, recognise

    kind = recognise(args.path) if args.format == "auto" else args.format
    if kind == "mcap":
        yield from unpack_mcap(args)
        return
    source = open_source(kind, args.path)
    try:
        yield {"opened": source.count, "format": kind}
        for index in range(args.first, source.count):
            yield {"begin": index}
            try:
                yield {"kept": keep_found(source.episode(index), args)}
            except Exception as error:  # noqa: BLE001 - whatever hostile bytes cause costs one episode
                yield {"refused": reason(f"{args.path}, episode {index}", error)}
    finally:
        source.close()
    yield {"end": True}


def reason(where: str, error: Exception) -> str:
    """Return why an episode is refused, as a sentence."""
    if isinstance(error, TouchstoneError):
        return error.sentence()
    if isinstance(error, MemoryError | RecursionError):
        return f"{where}: it needs more memory than it may."
    first = str(error).splitlines()[0] if str(error) else "no message"
    return f"{where}: it cannot be understood ({type(error).__name__}: {first})."


def keep_found(found: Any, args: argparse.Namespace) -> dict[str, Any]:
    """Write one episode of a set; returns what was kept."""
    import msgspec

    from recorders.exchange.keeping import incoming_of, keep

    if args.rate is not None and found.set_about is None:
        found.rate_hz = args.rate
    return dict(msgspec.to_builtins(keep(incoming_of(found, args.path, SOFTWARE), args.staging)))


def unpack_mcap(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Read one MCAP file, or each of a folder: journals of ours as they are, others by the table."""
    paths = sorted(args.path.glob("*.mcap")) if args.path.is_dir() else [args.path]
    yield {"opened": len(paths), "format": "mcap"}
    for index in range(args.first, len(paths)):
        yield {"begin": index}
        try:
            yield {"kept": keep_mcap(paths[index], args)}
        except Exception as error:  # noqa: BLE001 - whatever hostile bytes cause costs one episode
            yield {"refused": reason(f"file {paths[index]}", error)}
    yield {"end": True}


def keep_mcap(path: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Make an episode of one MCAP file."""
    import msgspec

    from recorders.exchange.keeping import keep
    from recorders.exchange.mcap_in import is_journal, keep_journal, read_foreign, read_table
    from recorders.exchange.spool import Spool

    if not path.is_file():  # a pipe or a device would be waited for
        raise EpisodeError(f"file {path}", "it is no file")
    if is_journal(path):
        return dict(msgspec.to_builtins(keep_journal(path, args.staging)))
    if args.topics is None:
        raise EpisodeError(
            f"file {path}",
            "it is no journal of Touchstone",
            way_out="Say which topics to read with --topics TABLE",
        )
    spool = Spool(args.staging)
    try:
        return dict(
            msgspec.to_builtins(
                keep(read_foreign(path, read_table(args.topics), spool, SOFTWARE), args.staging)
            )
        )
    finally:
        spool.close()
