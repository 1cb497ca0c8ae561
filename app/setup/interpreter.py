"""Finds a Python that Touchstone runs on. Used by `app.setup.__main__` under whatever Python started it."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys

from app.setup.errors import SetupError

SUPPORTED = ((3, 11), (3, 12))
PLACES = (
    "~/.pyenv/versions/3.{minor}.*/bin/python3",
    "/usr/local/bin/python3.{minor}",
    "/opt/homebrew/bin/python3.{minor}",
)
ASK_VERSION = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)"


def choose() -> str:
    """Return the path of the interpreter that the environment is built with.

    The running one is taken if it is supported, because it is what the person called; else the first of the supported
    versions that is found on the path or in the usual places.

    Raises:
        SetupError: No Python 3.11 or 3.12 is there.
    """
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for candidate in candidates():
        found = probe(candidate)
        if found is not None:
            return found
    raise SetupError(
        "Python",
        "Touchstone runs on 3.11 and 3.12; `python3` here is {}.{} and no other was found".format(
            *sys.version_info[:2]
        ),
        way_out="Install one: `sudo apt-get install python3.11 python3.11-venv` (or python3.12 …), or pyenv "
        "(`pyenv install 3.11`), then run the same command again",
    )


def candidates() -> list[str]:
    """Return paths that may be a supported Python, best first; some may not run."""
    found = []
    for _, minor in SUPPORTED:
        on_path = shutil.which(f"python3.{minor}")
        found += [on_path] if on_path else []
        for place in PLACES:
            found += sorted(glob.glob(os.path.expanduser(place.format(minor=minor))), reverse=True)
    return found


def probe(path: str) -> str | None:
    """Return the real executable behind `path` if it runs and is of a supported version, else None."""
    try:
        answer = subprocess.run(
            [path, "-c", ASK_VERSION],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = answer.stdout.decode().split(maxsplit=2)
    if answer.returncode != 0 or len(words) != 3 or (int(words[0]), int(words[1])) not in SUPPORTED:
        return None
    return words[2].strip()
