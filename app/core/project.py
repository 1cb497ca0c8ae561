"""Where things live on this machine: the project folder of the person, the caches and the logs."""

from __future__ import annotations

import os
from pathlib import Path


def project_folder() -> Path:
    """Return the folder that holds everything when no `--data` is given: `~/Documents/Touchstone`.

    `TOUCHSTONE_PROJECT` overrides it.
    """
    override = os.environ.get("TOUCHSTONE_PROJECT")
    return Path(override) if override else Path.home() / "Documents" / "Touchstone"


def cache_folder() -> Path:
    """Return `$XDG_CACHE_HOME/touchstone` (by default `~/.cache/touchstone`), made if missing."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchstone"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def log_folder() -> Path:
    """Return the folder of the log files, made if missing."""
    folder = cache_folder() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def demonstrations_folder(project: Path | None = None) -> Path:
    """Return the project's folder of recorded demonstrations."""
    return (project or project_folder()) / "demonstrations"


def augmented_folder(project: Path | None = None) -> Path:
    """Return the project's folder of augmented episodes."""
    return (project or project_folder()) / "augmented"


def rollouts_folder(project: Path | None = None) -> Path:
    """Return the project's folder of policy rollouts."""
    return (project or project_folder()) / "rollouts"


def runs_folder(project: Path | None = None) -> Path:
    """Return the project's folder of training runs (one sub-folder each)."""
    return (project or project_folder()) / "runs"
