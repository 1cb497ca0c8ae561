"""The link of a worker: its parent is Ray, so it hears through a file in the run's folder. Used by `worker`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from app.core.link.child import ChildLink
from app.core.wire.messages import EventKind

STOP = ".stop"  # in the folder of the run: the person asked to stop


class WorkerLink(ChildLink):
    """A link without sockets and signals: Ray has those of the process, and calls the training from a thread."""

    def __init__(self, run: Path) -> None:
        self.role, self.run_id = "train", run.name
        self.stopping, self.why_stopping = False, ""
        self._stop = run / STOP

    def send(self, kind: EventKind, **body: Any) -> None:
        """Write notices into Ray's log; the rest stands in the files of the run."""
        if kind == "notice":
            print(f"train: {body.get('text', '')}", file=sys.stderr, flush=True)

    def poll(self, timeout_ms: int = 0) -> list[dict[str, Any]]:
        """Return an intent to stop if there is the file."""
        return [{"name": "stop"}] if self._stop.exists() else []

    def close(self, status: str = "done") -> None:
        """Nothing is open."""
