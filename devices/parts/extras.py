"""Which command installs the SDK that a driver needs. The versions stand in pyproject.toml alone."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def install_command(extra: str) -> str:
    """Return the command that installs one of our optional dependencies into this very environment.

    From a checkout, that is pip with the pinned packages; in an installed Touchstone, pip with the extra's name.
    """
    pip = f"{sys.executable} -m pip install"
    if not PYPROJECT.is_file():
        return f"{pip} 'touchstone[{extra}]'"
    extras = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    return f"{pip} {' '.join(requirement.partition(';')[0].strip() for requirement in extras.get(extra, [extra]))}"
