"""Loads the libraries that only some formats need, and says how to install the one that is missing."""

from __future__ import annotations

import importlib
from typing import Any

from app.core.errors import EpisodeError

EXTRAS = {"pyarrow": "lerobot", "av": "lerobot", "numcodecs": "zarr"}


def need(module: str, what: str) -> Any:
    """Return a module of an optional extra.

    Args:
        what: What it is needed for, as the subject of a sentence ("LeRobot sets").

    Raises:
        EpisodeError: If it is not installed, with the command that installs it.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise EpisodeError(
            what, f"the package {package} is not installed ({error})",
            way_out=f'Install it with `.venv/bin/pip install ".[{EXTRAS[package]}]"`',
        ) from error  # fmt: skip
