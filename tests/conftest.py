"""Hygiene of every test: a home of its own, seeded generators, and nothing left behind."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hygiene

HOMES = {
    "HOME": ".",
    "XDG_CONFIG_HOME": ".config",
    "XDG_CACHE_HOME": ".cache",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "XDG_DOCUMENTS_DIR": "Documents",
}
QT_FIXTURES = frozenset({"qtbot", "qapp", "qapp_cls"})
TESTS = Path(__file__).resolve().parent
# Folders and files whose tests drive in real time, where a set-point expires after 60 ms: they run alone.
REAL_TIME = (
    "app/bench",
    "app/session/test_collect.py",
    "app/session/test_evaluate.py",
    "app/session/test_lost_window.py",
    "app/teleop/test_held.py",
    "app/teleop/test_leader_drives.py",
    "devices/arms",
    "devices/composed",
    "devices/contract",
    "devices/inputs",
    "devices/test_server.py",
    "faults",
    "widgets/bridge",
    "widgets/collect",
    "widgets/deploy",
    "widgets/hand",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what has to run alone on the machine."""
    for item in items:
        if any(item.path.is_relative_to(TESTS / place) for place in REAL_TIME):
            item.add_marker("realtime")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the whole run a fresh home, so that no test reads or writes the person's own files."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in HOMES.items():
            (home / folder).mkdir(parents=True, exist_ok=True)
            patch.setenv(name, str(home / folder))
        patch.delenv("TOUCHSTONE_PROJECT", raising=False)
        patch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
        hygiene.track_zmq()
        with hygiene.no_leaks():
            yield


@pytest.fixture(scope="module", autouse=True)
def module_leaves_nothing(own_home: None) -> Iterator[None]:
    """Fail when fixtures that live as long as their file leave something."""
    with hygiene.no_leaks():
        yield


@pytest.fixture(autouse=True)
def leaves_nothing(request: pytest.FixtureRequest, module_leaves_nothing: None) -> Iterator[None]:
    """Fail a test that leaves threads, child processes, ZeroMQ objects, Qt timers or windows."""
    with hygiene.no_leaks(with_qt=not QT_FIXTURES.isdisjoint(request.fixturenames)):
        yield


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Seed every global generator that is loaded, so that a failure repeats."""
    random.seed(0)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
        torch.set_num_threads(1)
