"""What each role of main.py loads: a process must not carry what it must never own.

Import contracts see direct imports only, so each role is imported in a process of its own, its arguments are added as
`main.py` would, and `sys.modules` is looked at.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import main
from tests.contracts.sources import ROOT

PROBE = """
import argparse, importlib, json, sys
import main
name = sys.argv[1]
if name:
    module = importlib.import_module(main.ROLES[name][0])
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.run)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
QT = frozenset({"PySide6", "pyqtgraph"})
LEARNING = frozenset({"torch"})
SIMULATOR = frozenset({"mujoco", "gym_hil"})
FILES = frozenset({"h5py"})
GEOMETRY = frozenset({"open3d"})
# role: what its process must not load. A role that is not named here may load anything but Qt together with torch.
FORBIDDEN = {
    "window": LEARNING | SIMULATOR | FILES | GEOMETRY,
    "shots": LEARNING | SIMULATOR | FILES | GEOMETRY,
    "serve": LEARNING | QT,
    "device": LEARNING | QT | FILES,
    "collect": LEARNING | QT | SIMULATOR,
    "operate": LEARNING | QT | SIMULATOR | FILES,
    "record": LEARNING | QT | SIMULATOR,
    "episodes": LEARNING | QT | SIMULATOR,
    "read": LEARNING | QT | SIMULATOR,
    "augment": LEARNING | QT | SIMULATOR,
    "train": QT | SIMULATOR,
    "policy": QT | SIMULATOR,
    "deploy": LEARNING | QT | SIMULATOR,
    "demo": LEARNING | QT | SIMULATOR,
    "doctor": LEARNING | QT | SIMULATOR | FILES | GEOMETRY,
}


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
@pytest.mark.parametrize("role", list(main.ROLES))
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
    assert set(FORBIDDEN) == set(main.ROLES)
