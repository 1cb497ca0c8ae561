"""Which command installs the SDK that a driver needs. The versions stand in pyproject.toml alone."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def install_command(extra: str) -> str:
    """Return the command that installs one of our optional dependencies into this very environment.

    From a checkout, that is pip with the pinned packages; in an installed Touchstone, pip with the extra's name. What
    is pinned in `[tool.touchstone.extra-without-dependencies]` declares packages that clash with ours, and is
    installed without them by a second command.
    """
    pip = f"{sys.executable} -m pip install"
    if not PYPROJECT.is_file():
        return f"{pip} 'touchstone[{extra}]'"
    data = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    wanted = data["project"]["optional-dependencies"].get(extra, [extra])
    command = f"{pip} {' '.join(requirement.partition(';')[0].strip() for requirement in wanted)}"
    alone = data["tool"]["touchstone"].get("extra-without-dependencies", {}).get(extra, [])
    return f"{command} && {pip} --no-deps {' '.join(alone)}" if alone else command
