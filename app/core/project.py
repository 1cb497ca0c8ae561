"""Where things live on this machine: the project folder of the person, the settings, the caches and the logs."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def project_folder() -> Path:
    """Return the folder that holds everything when no `--data` is given: `~/Documents/Touchstone`.

    `TOUCHSTONE_PROJECT` overrides it.
    """
    override = os.environ.get("TOUCHSTONE_PROJECT")
    return Path(override) if override else Path.home() / "Documents" / "Touchstone"


def config_folder() -> Path:
    """Return the folder of the person's settings, by the platform's custom."""
    if sys.platform == "win32":
        root = Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming"))
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Application Support"
    else:
        root = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return root / "touchstone"


def cache_folder() -> Path:
    """Return Touchstone's folder for things that can be made again, by the platform's custom; made if missing."""
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "touchstone"
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
