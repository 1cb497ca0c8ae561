"""What each role of main.py loads: a process must not carry what it must never own.

Import contracts see direct imports only, so each role is imported in a process of its own, its arguments are added as
`main.py` would, and `sys.modules` is looked at.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from app.core.roles import ROLES
from tests.contracts.ownership import FILES, FORBIDDEN, LEARNING, QT, SIMULATOR
from tests.contracts.sources import ROOT

PROBE = """
import argparse, importlib, json, sys
import main
from app.core.roles import ROLES
name = sys.argv[1]
if name:
    module = importlib.import_module(ROLES[name][0])
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.run)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded(role: str) -> set[str]:
    """Return the top-level names of all modules that are loaded once `role` could run; of main alone for ""."""
    answer = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-c", PROBE, role],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return set(json.loads(answer.stdout.splitlines()[-1]))


@pytest.mark.process
@pytest.mark.parametrize("role", list(ROLES))
def test_role_loads_only_what_it_may(role: str) -> None:
    names = loaded(role)
    strays = names & FORBIDDEN.get(role, frozenset())
    assert not strays, f"role {role!r} loads {sorted(strays)}"
    assert not {"PySide6", "torch"} <= names, f"role {role!r} has a window and learns"


@pytest.mark.process
def test_main_alone_loads_the_standard_library_only() -> None:
    heavy = loaded("") & {
        "numpy",
        "zmq",
        "msgspec",
        "widgets",
        "devices",
        "recorders",
        *QT,
        *LEARNING,
        *SIMULATOR,
        *FILES,
    }
    assert not heavy, f"main.py loads {sorted(heavy)} before it knows the role"


def test_every_role_has_a_rule() -> None:
    assert set(FORBIDDEN) == set(ROLES)
