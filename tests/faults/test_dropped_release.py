"""The release of the dead-man never reaches the window: a real X server, real key state, the real window driving."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.faults.live import Observer
from tests.faults.test_live import SOON_MS
from tests.faults.trials import Verdict
from tests.faults.window import WindowProcess, dropped_release_trials

pytestmark = [pytest.mark.process, pytest.mark.gl]


@pytest.mark.timeout(180)
def test_a_release_that_never_arrives_stops_the_arm(tmp_path: Path) -> None:
    with WindowProcess(tmp_path, platform="xcb") as window:
        with contextlib.closing(Observer(window.collect())) as observer:
            verdict: Verdict = dropped_release_trials(window, observer, 1)
        said = window.do("state")["messages"]
    assert verdict.trials == 1, said
    assert max(verdict.times_ms) < SOON_MS
    assert any("its release was not heard of" in text for text in said), said
