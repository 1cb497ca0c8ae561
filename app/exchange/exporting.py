"""Role `export`: write the episodes of a data folder as a set that another training code opens."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError, UsageError
from app.core.link.child import VERSION, ChildLink
from app.core.priority import yield_to_control
from recorders.exchange.about import SetAbout
from recorders.exchange.gridding import Survey, grid_episode
from recorders.exchange.model import Camera, GridEpisode
from recorders.exchange.sources import TARGETS, open_writer
from recorders.exchange.staging import Staging
from recorders.library import list_episodes
from recorders.reader import EpisodeFile

OUTCOMES = ("success", "failure", "discarded")
PICTURE_BYTES = {"lerobot": 0.1}  # of a pixel's three; the other formats keep pictures as they are
SOFTWARE = f"touchstone {VERSION}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `export`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="data folder")
    parser.add_argument("--to", required=True, choices=TARGETS, help="format")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="PATH", help="file or folder to make; must not exist"
    )
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="rows per second; the fastest camera's by default"
    )
    parser.add_argument(
        "--action", default="applied", choices=("applied", "commanded"),
        help="what the action is: what the governor let through, or what was asked for",
    )  # fmt: skip
    parser.add_argument(
        "--outcome",
        default="success",
        metavar="LIST",
        help=f"which takes, of {', '.join(OUTCOMES)}, separated by commas",
    )
    parser.add_argument(
        "--episodes", default="", metavar="LIST", help="uuids, separated by commas; all by default"
    )
    parser.add_argument(
        "--with-damaged", action="store_true", help="also takes that were recovered or lost samples"
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="do not read every byte against its checksum first"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Export; returns episodes, rows, bytes, path, rate_hz, left_out (with reasons), streams (method and shift)."""
    check(args)
    link = ChildLink("export", args.hub, args.run_id)
    yield_to_control()
    try:
        link.ready(data=str(args.folder), out=str(args.out))
        result = export(args, link)
        link.send("result", **result)
        return result
    finally:
        link.close()


def check(args: argparse.Namespace) -> None:
    """Refuse wrong arguments before anything is read."""
    wrong = [word for word in args.outcome.split(",") if word not in OUTCOMES]
    if wrong:
        raise UsageError(f"--outcome {args.outcome}", f"{wrong[0]!r} is no outcome", options=OUTCOMES)
    if args.rate is not None and not 0.1 <= args.rate <= 1000.0:
        raise UsageError("--rate", f"{args.rate:g} Hz cannot be", options=["0.1 to 1000"])
    if args.rate is not None and args.to == "lerobot" and args.rate != round(args.rate):
        raise UsageError("--rate", f"LeRobot wants a whole number, not {args.rate:g}")


def export(args: argparse.Namespace, link: ChildLink) -> dict[str, Any]:
    """Survey, write under a temporary name, and publish."""
    alive = alive_check(link)
    rows, left_out = choose(args)
    with Staging(args.out) as staging:
        survey = Survey(args.rate, args.action)
        fit = []
        for number, row in enumerate(rows, 1):
            alive()
            try:
                look(survey, row, args)
                fit.append(row)
            except EpisodeError as error:
                left_out[row.uuid] = error.sentence()
                link.notice(f"Left out: {error.sentence()}", "warning")
            link.progress(
                stage="check", done=number, total=len(rows), text=f"checked {number} of {len(rows)}"
            )
        if not fit:
            raise nothing_left(args, left_out)
        about = survey.about(SOFTWARE)
        staging.check_room(estimate(about, fit, args.to))
        written = write(staging, about, fit, args, link, alive)
        size = size_of(staging.path)
        staging.publish()
    return {
        "text": f"{len(fit)} episodes, {written} rows at {about.rate_hz:g} Hz, {size / 1e6:.1f} MB: {args.out}",
        "episodes": len(fit), "rows": written, "bytes": size, "path": str(args.out), "format": args.to,
        "rate_hz": about.rate_hz, "left_out": left_out, "streams_left_out": about.left_out,
        "streams": {each.spec.topic: {"method": each.method, "largest_shift_s": each.largest_shift_s,
                                      "in": each.part, "key": each.key} for each in about.streams},
    }  # fmt: skip


def choose(args: argparse.Namespace) -> tuple[list[EpisodeRow], dict[str, str]]:
    """Return the episodes that were asked for and are whole, and of the others the reason.

    Raises:
        EpisodeError: If one that was asked for by name is not there, or none is left.
    """
    rows = list_episodes(args.folder)
    named = [word for word in args.episodes.split(",") if word]
    if missing := sorted(set(named) - {row.uuid for row in rows}):
        raise EpisodeError(
            f"episode {missing[0]}",
            f"it is not in {args.folder}",
            way_out="See `python main.py episodes DIR`",
        )
    left_out: dict[str, str] = {}
    chosen = []
    for row in rows:
        if named and row.uuid not in named:
            continue
        reason = why_not(row, args)
        if reason:
            left_out[row.uuid] = reason
        else:
            chosen.append(row)
    if not chosen:
        raise nothing_left(args, left_out)
    return chosen, left_out


def why_not(row: EpisodeRow, args: argparse.Namespace) -> str:
    """Return why an episode is not exported; empty if it is."""
    if row.broken or row.label_problem:
        return row.broken or row.label_problem
    if row.rejected or row.trashed_at:
        return "it lies in the trash" if row.trashed_at else "it was rejected"
    if row.outcome not in args.outcome.split(","):
        return f"its outcome is {row.outcome}"
    if not args.with_damaged and row.recovered:
        return "it was recovered after a crash, and its end may be missing (--with-damaged takes it)"
    if not args.with_damaged and row.dropped:
        return f"{row.dropped} samples of it were lost (--with-damaged takes it)"
    return ""


def nothing_left(args: argparse.Namespace, left_out: dict[str, str]) -> EpisodeError:
    """Return the error for a folder that has nothing to export."""
    reasons = sorted(set(left_out.values()))
    cause = (
        f"no episode of it can be exported ({reasons[0].rstrip('.')})" if reasons else "it holds no episode"
    )
    return EpisodeError(
        f"data folder {args.folder}",
        cause,
        way_out="Record or mark successes, or widen --outcome or --episodes",
    )


def look(survey: Survey, row: EpisodeRow, args: argparse.Namespace) -> None:
    """Verify an episode and take it into the survey."""
    with EpisodeFile(row.path) as file:
        if not args.no_verify and (problems := file.problems()):
            raise EpisodeError(f"episode {row.uuid}", f"{problems[0]}", way_out="Restore it from a copy")
        survey.take_in(file, row, args.folder)


def estimate(about: SetAbout, rows: list[EpisodeRow], target: str) -> int:
    """Return about how many bytes the set will have."""
    numbers = sum(int(np.prod(each.spec.shape)) for each in about.streams if each.part != "picture")
    pixels = sum(int(np.prod(each.spec.shape)) for each in about.streams if each.part == "picture")
    ticks = sum((row.span_ns[1] - row.span_ns[0]) * 1e-9 * about.rate_hz for row in rows)
    return int(ticks * (16 * numbers + pixels * PICTURE_BYTES.get(target, 1.0) + 100)) + 1_000_000


def write(
    staging: Staging, about: SetAbout, rows: list[EpisodeRow], args: argparse.Namespace, link: ChildLink,
    alive: Callable[[], None],
) -> int:  # fmt: skip
    """Write every episode; returns how many rows there are."""
    written = 0
    with contextlib.ExitStack() as stack:
        try:
            writer = open_writer(args.to, staging.path, about)
            stack.callback(writer.close)
            for number, row in enumerate(rows, 1):
                with EpisodeFile(row.path) as file:
                    episode = grid_episode(file, row, args.folder, about)
                    writer.add(watched(episode, alive))
                    written += len(episode)
                link.progress(
                    stage="write", done=number, total=len(rows), text=f"wrote {number} of {len(rows)}"
                )
            writer.finish()
        except OSError as error:
            raise EpisodeError(
                f"export {args.out}", f"it could not be written ({error.strerror or error})",
                way_out="Make room, or choose another disk with --out",
            ) from error  # fmt: skip
    return written


def watched(episode: GridEpisode, alive: Callable[[], None]) -> GridEpisode:
    """Return the episode with cameras that let the parent hear from this process at each picture."""

    def with_beat(camera: Camera) -> Camera:
        def read(tick: int) -> np.ndarray:
            alive()
            return camera.read(tick)

        return replace(camera, read=read)

    return replace(episode, cameras=tuple(with_beat(camera) for camera in episode.cameras))


def alive_check(link: ChildLink) -> Callable[[], None]:
    """Return what is called often: it beats, and ends the work when the parent or the person asks for it."""

    def alive() -> None:
        link.poll()
        if link.stopping:
            raise EpisodeError(
                "export",
                f"it was stopped ({link.why_stopping})",
                way_out="Nothing was written; start it again",
            )

    return alive


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    return sum(each.stat().st_size for each in files(path))


def files(path: Path) -> Iterator[Path]:
    """Yield a file, or all files below a folder."""
    if path.is_file():
        yield path
    else:
        yield from (each for each in path.rglob("*") if each.is_file())
