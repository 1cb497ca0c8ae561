"""Role `episodes`: what a data folder holds, and with `--verify` whether every byte of it is still right."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.core.episodes import TRASH_DAYS, EpisodeRow
from app.core.errors import EpisodeError, RecordingError, UsageError
from app.core.link.child import ChildLink
from recorders.files import journals_of
from recorders.hdf5.second_index import command_for
from recorders.library import list_episodes
from recorders.lock import FolderLock
from recorders.reader import EpisodeFile
from recorders.recovery import recover
from recorders.trash import due, purge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `episodes`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="data folder")
    parser.add_argument(
        "--verify", action="store_true", help="read every byte and compare it with its checksum"
    )
    parser.add_argument(
        "--purge", action="store_true", help="delete for good what has been in the trash for too long"
    )
    parser.add_argument(
        "--trash-days",
        type=float,
        default=TRASH_DAYS,
        metavar="DAYS",
        help=f"how long; {TRASH_DAYS} by default",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """List, and verify if asked; returns episodes, ok, recovered, broken (counts) and broken_files (with reasons).

    The exit status is 1 when `--verify` found a broken file.
    """
    link = ChildLink("episodes", args.hub, args.run_id)
    try:
        link.ready(data=str(args.folder))
        purged = empty_trash(args.folder, args.trash_days, link) if args.purge else {}
        result = {**inspect(args.folder, args.verify, link), **purged}
        link.send("result", **result)
        if not args.json and args.hub is None:
            print(table(list_episodes(args.folder), result["broken_files"]), file=sys.stderr, flush=True)
        return {**result, "exit_status": 1} if args.verify and result["broken"] else result
    finally:
        link.close()


def empty_trash(folder: Path, days: float, link: ChildLink) -> dict[str, Any]:
    """Delete what has been in the trash for `days` or longer; returns purged (uuids), purged_bytes, purge_kept."""
    if not days >= 0:
        raise UsageError("--trash-days", f"{days:g} cannot be", options=["0 or more"])
    found = purge(folder, due(list_episodes(folder), datetime.now(UTC), days))
    for uuid, reason in found.kept.items():
        link.notice(f"episode {uuid}: {reason}.", "warning")
    link.notice(f"deleted {len(found.episodes)} episodes from the trash ({found.bytes / 1e6:.1f} MB)")
    return {"purged": list(found.episodes), "purged_bytes": found.bytes, "purge_kept": found.kept}


def inspect(folder: Path, verify: bool, link: ChildLink) -> dict[str, Any]:
    """Recover what a dead recorder left, look at every episode, and return the counts."""
    if folder.is_dir():
        recover_unheld(folder, link)
    rows = list_episodes(folder)
    broken: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        link.poll()
        if link.stopping:
            raise EpisodeError(f"data folder {folder}", "the check was stopped before its end")
        if reason := row.broken or (verify_row(row) if verify else ""):
            broken[row.path] = reason
            link.notice(reason, "error")
        if verify:
            link.progress(done=number, total=len(rows), text=f"verified {number} of {len(rows)}")
    return {
        "episodes": len(rows),
        "ok": len(rows) - len(broken),
        "recovered": sum(row.recovered for row in rows),
        "broken": len(broken),
        "broken_files": broken,
    }


def recover_unheld(folder: Path, link: ChildLink) -> None:
    """Make episodes of journals that nobody is writing; leave a folder alone that a recorder holds."""
    if not (journals_of(folder).is_dir() and any(journals_of(folder).glob("*.mcap"))):
        return
    try:
        with FolderLock(folder):
            found = recover(folder, link.poll)
    except RecordingError as error:
        link.notice(f"Unfinished takes were left alone. {error.sentence()}")
        return
    for text in found.notices:
        link.notice(text, "warning")
    for text in found.problems:
        link.notice(text, "error")


def verify_row(row: EpisodeRow) -> str:
    """Read every byte of an episode; returns what is wrong as a sentence, or nothing."""
    try:
        with EpisodeFile(row.path) as episode:
            problems = episode.problems()
    except EpisodeError as error:
        return error.sentence()
    if not problems:
        return ""
    what = "; ".join(problems[:3])
    return (
        f"episode {row.path}: {what}. Restore it from a copy, or have what is whole of it kept: "
        f"`{command_for(Path(row.path))}`"
    )


def table(rows: list[EpisodeRow], broken: dict[str, str]) -> str:
    """Return the episodes as a table for a terminal, one line each."""
    if not rows:
        return "no episodes yet"
    head = f"{'recorded':19}  {'seconds':>7}  {'outcome':9}  {'score':>5}  {'peak N':>6}  {'lost':>4}"
    lines = [f"{head}  {'operator':10}  uuid"]
    for row in rows:
        if row.path in broken:
            lines.append(f"{'':19}  {'':7}  {'BROKEN':9}  {'':5}  {'':6}  {'':4}  {'':10}  {row.uuid}")
            continue
        score = "" if row.score is None else f"{row.score:.2f}"
        force = "" if row.peak_force_n is None else f"{row.peak_force_n:.1f}"
        mark = " recovered" if row.recovered else ""
        lines.append(
            f"{row.created[:19]:19}  {row.seconds:7.1f}  {row.outcome:9}  {score:>5}  {force:>6}  {row.dropped:4d}  "
            f"{row.operator[:10]:10}  {row.uuid}{mark}"
        )
    return "\n".join(lines)
