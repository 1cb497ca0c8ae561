"""The recorder process: role `record`. Takes in every sample of a device server and makes episodes of takes.

The main thread receives and speaks with the parent, one writer thread per take does everything that touches the disk.
Started by collect and deploy; `resources/help/protocols.md` says what it hears and says.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from app.core.errors import TouchstoneError, UsageError
from app.core.ids import new_uuid
from app.core.link.child import ChildLink
from app.core.project import demonstrations_folder
from app.core.wire.client import DeviceClient, Endpoints
from recorders.lock import FolderLock
from recorders.recording import SILENCE_S, Recorder
from recorders.records import OUTCOMES
from recorders.recovery import recover

DEFAULT_FLOOR_MB = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `record`."""
    parser.add_argument("--connect", required=True, metavar="STREAMS,COMMANDS", help="what `serve` printed")
    parser.add_argument("--data", type=Path, default=None, help="folder of the episodes")
    parser.add_argument(
        "--floor-mb", type=float, default=DEFAULT_FLOOR_MB, help="start no take with less disk left"
    )
    parser.add_argument(
        "--silence-s", type=float, default=SILENCE_S, help="end a take when nothing came for so long"
    )
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="from a terminal: length of the one take (0 = Ctrl+C)"
    )
    parser.add_argument(
        "--outcome", choices=OUTCOMES, default="success", help="from a terminal: outcome of the take"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Record until stopped; returns takes, files and recovered."""
    if args.seconds < 0:
        raise UsageError(f"--seconds {args.seconds:g}", "a take cannot be shorter than nothing")
    folder = args.data or demonstrations_folder()
    link = ChildLink("record", args.hub, args.run_id)
    status = "failed"
    try:
        with FolderLock(folder), DeviceClient(Endpoints.parse(args.connect)) as client:
            recovery = recover(folder, link.poll)
            for text in recovery.notices:
                link.notice(text, "warning")
            for text in recovery.problems:
                link.notice(text, "error")
            recorder = Recorder(folder, client, link, int(args.floor_mb * 1e6), args.silence_s)
            try:
                link.ready(recovered=len(recovery.files), data=str(folder))
                if args.hub is None:
                    _one_take(recorder, link, args.seconds, args.outcome)
                else:
                    _serve(recorder, link)
            finally:
                recorder.close(link.why_stopping or "the recorder ended")
        result = {"takes": len(recorder.files), "files": recorder.files, "recovered": len(recovery.files)}
        link.send("result", **result)
        status = "done"
        return result
    except TouchstoneError as error:
        link.notice(error.sentence(), "error")
        raise
    finally:
        link.close(status)


def _serve(recorder: Recorder, link: ChildLink) -> None:
    while not link.stopping:
        for intent in link.poll(0 if recorder.busy else 50):
            recorder.hear(intent)
        recorder.turn()


def _one_take(recorder: Recorder, link: ChildLink, seconds: float, outcome: str) -> None:
    """Record one take for a person at a terminal: until `seconds` have passed, or Ctrl+C."""
    recorder.hear({"name": "take_start", "take": new_uuid(), "meta": {}})
    end = time.monotonic() + seconds if seconds else float("inf")
    while recorder.busy:
        recorder.turn()
        if link.stopping or time.monotonic() >= end:
            recorder.hear({"name": "take_stop", "outcome": outcome, "until_ns": 0, "meta": {}})
            end = float("inf")
            recorder.settle()
    if recorder.last_error:
        raise recorder.last_error
