"""Role `recover`: takes what is whole out of a damaged episode file.

The samples are found by the file's second index, so that a file helps which HDF5 refuses. The new file takes the place
of the damaged one, which is kept beside it as `<name>.damaged`; with `--out` nothing in the folder is touched.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.core.errors import EpisodeError
from app.core.link.child import ChildLink
from app.exchange.limits import Limits
from recorders.files import episodes_of, part_path, publish
from recorders.hdf5.second_index import Bytes
from recorders.lock import FolderLock
from recorders.salvage import Damage, examine, write_salvaged

DAMAGED_SUFFIX = ".damaged"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `recover`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a damaged episode file")
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="write the new file here; the damaged one stays as it is"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Recover one file; returns whole (nothing was wrong), path, kept (samples by topic), lost (same), damage, text."""
    link = ChildLink("recover", args.hub, args.run_id)
    try:
        Limits(cpu_s=None).apply()
        link.ready(file=str(args.file))
        result = recover_file(args.file, args.out, lambda: heard(link))
        for text in result["damage"]:
            link.notice(f"{args.file}: {text}.", "warning")
        if args.hub is not None:  # a terminal has it from the result
            link.notice(result["text"], "warning" if result["lost"] else "info")
        link.send("result", **result)
        return result
    finally:
        link.close()


def heard(link: ChildLink) -> None:
    """Beat, and end the work if it is to be stopped.

    Raises:
        EpisodeError: If it is; nothing has changed then.
    """
    link.poll()
    if link.stopping:
        raise EpisodeError("recovery", f"it was stopped ({link.why_stopping}); every file is as it was")


def recover_file(
    file: Path, out: Path | None = None, alive: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """Examine a file, and if it is damaged, write what is whole of it.

    Args:
        file: The episode file. If it is gone but `<name>.damaged` is there, that one: somebody stopped us half-way.
        out: Where the new file goes; None = to the place of the damaged one.
        alive: Called often; what it raises ends the work.

    Raises:
        EpisodeError: If nothing can be done about it.
        RecordingError: If a recorder holds the folder.
    """
    source, final = _source(file), out or file
    if out is not None and out.exists():
        raise EpisodeError(f"file {out}", "it exists already", way_out="Choose another with --out")
    with ExitStack() as closing:
        if out is None and file.parent.name == episodes_of(Path()).name:
            closing.enter_context(
                FolderLock(file.parent.parent)
            )  # a recorder deletes temporary files at its start
        opened = closing.enter_context(_opened(source, alive))
        damage = examine(source, opened)
        if damage.found or source != file:
            _replace(damage, source, final, keep=out is None and source == file)
            source = final
    kept = {topic: stream.samples for topic, stream in damage.streams.items()}
    lost = {topic: stream.lost for topic, stream in damage.streams.items() if stream.lost}
    found = {
        "whole": not damage.found,
        "path": str(source),
        "kept": kept,
        "lost": lost,
        "damage": damage.sentences(),
    }
    return {**found, "text": _words(damage, source, lost)}


def _source(file: Path) -> Path:
    damaged = file.with_name(file.name + DAMAGED_SUFFIX)
    return damaged if not file.exists() and damaged.exists() else file


def _opened(path: Path, alive: Callable[[], object]) -> Bytes:
    try:
        if not path.is_file():
            raise EpisodeError(
                f"episode {path}", "there is no such file", way_out="See `python main.py episodes DIR`"
            )
        return Bytes(path, alive)
    except OSError as error:
        raise EpisodeError(f"episode {path}", f"it cannot be opened ({error.strerror})") from error


def _replace(damage: Damage, source: Path, final: Path, keep: bool) -> None:
    """Write the new file, and give it its name once it is whole; `keep` leaves the damaged one under a new name."""
    part = part_path(final)
    try:
        write_salvaged(damage, source, part)
        if keep:
            _keep_damaged(source)
        publish(part, final)
    except OSError as error:
        raise EpisodeError(f"episode {final}", f"it cannot be written ({error.strerror or error})") from error
    finally:
        part.unlink(missing_ok=True)


def _keep_damaged(path: Path) -> None:
    """Give a file a second name, or where the disk cannot do that, another one."""
    names = (path.with_name(f"{path.name}{DAMAGED_SUFFIX}{number}") for number in ("", *range(2, 1000)))
    beside = next(name for name in names if not name.exists())
    try:
        os.link(path, beside)
    except OSError:
        path.rename(beside)


def _words(damage: Damage, path: Path, lost: dict[str, int]) -> str:
    if not damage.found:
        return f"{path}: every byte is what was written; there is nothing to recover."
    streams = len(damage.streams)
    if not lost:
        return f"{path}: all samples of all {streams} streams are whole and were taken over."
    words = ", ".join(
        f"{topic} {count} of {count + damage.streams[topic].samples}" for topic, count in sorted(lost.items())
    )
    return f"{path}: written of what is whole. Lost samples by stream: {words}; the other streams are whole."
