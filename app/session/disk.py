"""How long the disk lasts when no recorder has measured it yet. Used by both kinds of session."""

from __future__ import annotations

import shutil
from pathlib import Path

BYTES_PER_S_GUESS = 2e6  # two small cameras, state and touch


def seconds_left(folder: Path) -> float:
    """Return for how many seconds of recording the disk of a folder lasts, by a guess of the rate."""
    return shutil.disk_usage(folder).free / BYTES_PER_S_GUESS
