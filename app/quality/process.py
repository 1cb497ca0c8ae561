"""Role `quality`: measure the episodes of a folder, each once; say which to watch and what the set is worth.

Started by the window after it listed a folder with new episodes, and by a person from a terminal.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError, UsageError
from app.core.link.child import ChildLink
from app.core.priority import yield_to_control
from app.quality.dataset import References, SetMeasures, measure_folder_set
from app.quality.episode import measure_episode
from app.quality.export import write_csv
from app.quality.limits import VERSION
from app.quality.outliers import WatchItem, outlier_flags, watch_list
from recorders.library import list_episodes
from recorders.measures import MeasureStore, version_of

WATCH = 8
MOST_WATCH = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `quality`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="data folder")
    parser.add_argument("--watch", type=int, default=WATCH, metavar="N", help="how many to watch at most")
    parser.add_argument("--minimal", type=float, default=0.0, help="return of a minimal policy, for TQ")
    parser.add_argument("--best", type=float, default=1.0, help="return of the best policy, for TQ")
    parser.add_argument("--reference", type=Path, metavar="DIR", help="set that SACo is related to")
    parser.add_argument(
        "--csv", type=Path, metavar="PATH", help="write the table of all measures to this file"
    )
    parser.add_argument("--again", action="store_true", help="measure everything again")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure; returns episodes, measured, known, unreadable, flagged, watch, flags (counts by kind), tq, saco, set."""
    check(args)
    link = ChildLink("quality", args.hub, args.run_id)
    yield_to_control()
    try:
        link.ready(data=str(args.folder))
        result = survey(args, link)
        link.send("result", **result)
        if not args.json and args.hub is None:
            print(result.pop("text_table"), file=sys.stderr, flush=True)
        result.pop("text_table", None)
        return result
    finally:
        link.close()


def check(args: argparse.Namespace) -> None:
    """Refuse wrong arguments before anything is read."""
    if not 1 <= args.watch <= MOST_WATCH:
        raise UsageError("--watch", f"{args.watch} episodes cannot be", options=[f"1 to {MOST_WATCH}"])
    if not args.best > args.minimal:
        raise UsageError("--best", f"{args.best:g} is not above --minimal {args.minimal:g}")


def survey(args: argparse.Namespace, link: ChildLink) -> dict[str, Any]:
    """Bring the store up to date, judge the set, keep the judgement, and return it."""
    rows = list_episodes(args.folder)
    fresh = measure_folder(args.folder, rows, link, args.again)
    references = read_references(args, link)
    with MeasureStore(args.folder) as store:
        known = store.all()
        outliers = outlier_flags(known)
        watch = watch_list(known, outliers, args.watch)
        whole = measure_folder_set(rows, store.visits(), references)
        if args.csv is not None:
            write_csv(args.csv, rows, known, outliers)
        store.put_about("outliers", outliers)
        store.put_about("watch", watch)
        store.put_about("references", references)
    kinds: dict[str, int] = {}
    for uuid, each in known.items():
        for kind in {flag.kind for flag in (*each.flags, *outliers.get(uuid, ()))}:
            kinds[kind] = kinds.get(kind, 0) + 1
    flagged = sum(bool(each.flags or outliers.get(uuid)) for uuid, each in known.items())
    return {
        "episodes": len(rows), "measured": fresh, "known": len(rows) - fresh,
        "unreadable": sum(bool(each.problem) for each in known.values()), "flagged": flagged,
        "flags": dict(sorted(kinds.items())), "watch": msgspec.to_builtins(watch), "tq": whole.tq, "saco": whole.saco,
        "references": whole.references, "returns": whole.returns, "bins": whole.bins,
        "text": summary(len(rows), fresh, flagged, whole), "text_table": table(watch),
    }  # fmt: skip


def read_references(args: argparse.Namespace, link: ChildLink) -> References:
    """Return what TQ and SACo are related to; the reference set is measured if need be."""
    if args.reference is None:
        return References(args.minimal, args.best)
    measure_folder(args.reference, list_episodes(args.reference), link, False)
    with MeasureStore(args.reference) as store:
        cells = np.unique(np.concatenate([np.zeros(0, np.int64), *store.visits().values()]))
    return References(args.minimal, args.best, f"the episodes of {args.reference}", tuple(cells.tolist()))


def measure_folder(folder: Path, rows: list[EpisodeRow], link: ChildLink, again: bool) -> int:
    """Measure what is not yet known of a folder's episodes; returns how many were measured.

    Raises:
        EpisodeError: If it was stopped; what was measured until then is kept.
    """
    with MeasureStore(folder) as store:
        if store.rebuilt:
            link.notice(f"The measures of {folder} are made again: {store.rebuilt}.", "warning")
        store.keep_only({row.uuid for row in rows})
        versions = store.versions()
        left = [
            (row, version) for row, version in versioned(rows) if again or versions.get(row.uuid) != version
        ]
        for number, (row, version) in enumerate(left, 1):
            link.poll()
            if link.stopping:
                raise EpisodeError(f"data folder {folder}", "measuring was stopped before its end")
            store.put(*measure_episode(row, version))
            link.progress(done=number, total=len(left), text=f"measured {number} of {len(left)}")
    return len(left)


def versioned(rows: list[EpisodeRow]) -> list[tuple[EpisodeRow, str]]:
    """Return each episode with the version of its measures; one whose file has gone meanwhile is left out."""
    found = []
    for row in rows:
        try:
            found.append((row, version_of(Path(row.path), row.span_ns, VERSION)))
        except FileNotFoundError:
            continue
    return found


def summary(episodes: int, fresh: int, flagged: int, whole: SetMeasures) -> str:
    """Return the result in one line."""
    quality = "unknown" if whole.tq is None else f"{whole.tq:.2f}"
    measured = f"{episodes} episodes, {fresh} measured now, {flagged} with flags"
    return f"{measured}; TQ {quality}, {whole.cells} state-action cells"


def table(watch: list[WatchItem]) -> str:
    """Return the watch list for a terminal."""
    if not watch:
        return "Nothing stands out."
    lines = [
        f"{number:3d}. {item.uuid}\n     " + "\n     ".join(item.reasons)
        for number, item in enumerate(watch, 1)
    ]
    return "Watch these:\n" + "\n".join(lines)
