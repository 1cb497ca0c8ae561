"""Role `import`: read the episodes of another program's set into a data folder.

The set is never opened here, but in a process of its own with limits; what comes out of it is an episode of ours that
was verified, so that only the moving of files and the labels are left to do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.core.errors import EpisodeError, UsageError
from app.core.link.child import ChildLink
from app.core.priority import yield_to_control
from app.exchange.child import Unpacking, unpack_words
from recorders.files import episode_path, publish
from recorders.labels import change_labels

FORMATS = ("auto", "robomimic", "aloha", "zarr", "lerobot", "mcap")
SILENCE_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `import`."""
    parser.add_argument("path", type=Path, metavar="PATH", help="file or folder of the foreign set")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="data folder to add to; made if missing"
    )
    parser.add_argument(
        "--from", dest="format", default="auto", choices=FORMATS, help="format; told from the set"
    )
    parser.add_argument(
        "--topics", type=Path, metavar="TABLE", help="table of topics (TOML) of a foreign MCAP file"
    )
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="rows per second of a set that does not say it"
    )
    parser.add_argument("--memory-mb", type=int, default=4096, help="memory that reading may take")
    parser.add_argument("--cpu-s", type=int, default=600, help="processor time that reading may take")
    parser.add_argument("--silence-s", type=float, default=SILENCE_S, help="longest time for one episode")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Import; returns episodes, seconds, format, data, files, refused (reasons). Status 1 when nothing was kept."""
    if not args.path.exists():
        raise UsageError(f"{args.path}", "there is no such file or folder")
    if args.memory_mb < 256 or args.cpu_s < 1 or not args.silence_s > 0:
        raise UsageError("limits", "memory is at least 256 MB, the times are above 0")
    if args.rate is not None and not 0.1 <= args.rate <= 10_000.0:
        raise UsageError("--rate", f"{args.rate:g} Hz cannot be", options=["0.1 to 10000"])
    link = ChildLink("import", args.hub, args.run_id)
    yield_to_control()
    try:
        link.ready(data=str(args.out))
        result = bring_in(args, link)
        link.send("result", **result)
        return result if result["episodes"] or not result["refused"] else {**result, "exit_status": 1}
    finally:
        link.close()


def bring_in(args: argparse.Namespace, link: ChildLink) -> dict[str, Any]:
    """Run the reading process and take over each episode as it comes."""
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        remove_of_the_dead(args.out)
        staging = Path(tempfile.mkdtemp(prefix=f".import-{os.getpid()}-", dir=args.out))
    except OSError as error:
        raise EpisodeError(f"data folder {args.out}", f"it cannot be written ({error.strerror})") from error
    files: list[str] = []
    refused: list[str] = []
    seconds, total, kind = 0.0, 0, args.format
    words = unpack_words(args.path.absolute(), staging, args)
    try:
        for line in Unpacking(words, args.silence_s, alive_check(link)).lines():
            if "opened" in line:
                total, kind = int(line["opened"]), str(line.get("format", kind))
                continue
            if "kept" in line:
                files.append(take_over(line["kept"], args.out))
                seconds += float(line["kept"]["seconds"])
            else:
                refused.append(str(line["refused"]))
                link.notice(refused[-1], "error")
            done = len(files) + len(refused)
            link.progress(
                done=done, total=total, kept=len(files), text=f"read {done} of {total}, kept {len(files)}"
            )
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    text = f"{len(files)} episodes, {seconds:.1f} s, into {args.out}" + (
        f"; {len(refused)} refused" if refused else ""
    )
    return {
        "text": text, "episodes": len(files), "seconds": round(seconds, 3), "format": kind, "data": str(args.out),
        "files": files, "refused": refused,
    }  # fmt: skip


def remove_of_the_dead(folder: Path) -> None:
    """Delete what an import that was killed left behind."""
    for path in folder.glob(".import-*-*"):
        pid = path.name.split("-")[1]
        if pid.isdigit() and Path("/proc/self").exists() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)


def take_over(kept: dict[str, Any], folder: Path) -> str:
    """Move an episode that was written and verified into the folder, with its labels; returns its path."""
    uuid = str(kept["uuid"])
    final = episode_path(folder, uuid)
    final.parent.mkdir(parents=True, exist_ok=True)
    if kept.get("labels"):
        change_labels(folder, uuid, kept["labels"])
    publish(Path(kept["path"]), final)
    return str(final)


def alive_check(link: ChildLink) -> Callable[[], None]:
    """Return what is called often: it beats, and ends the work when the parent or the person asks for it."""

    def alive() -> None:
        link.poll()
        if link.stopping:
            raise EpisodeError(
                "import", f"it was stopped ({link.why_stopping})", way_out="What was read so far is kept"
            )

    return alive
