"""The real window as a process, holding Space while it freezes, is left or dies. How soon is for `make soak`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults import window as trials
from tests.faults.live import Observer, judge
from tests.faults.test_live import SOON_MS
from tests.faults.trials import Verdict

pytestmark = pytest.mark.process


@pytest.mark.timeout(240)
def test_whatever_befalls_the_window_ends_motion_and_the_same_press_moves_nothing(tmp_path: Path) -> None:
    with trials.WindowProcess(tmp_path) as window:
        observer = Observer(window.collect())
        try:
            for fault in (
                "busy",
                "dialog",
                "freeze",
            ):  # the others one by one in tests/widgets/hand, all in `make soak`
                stopped, still = trials.hand_trials(window, observer, fault, 1, busy_s=0.5)
                assert stopped.trials == 1, fault
                assert max(stopped.times_ms) < SOON_MS, fault
                assert still.failures == 0, fault
            window.do("front")
            went = trials.hold(window, observer, 0, random.Random(0))
            broken = trials.break_window(window, "kill", 0.0)
            observer.watch(0.5)
        finally:
            observer.close()
    verdict = Verdict()
    judge(verdict, observer, went, broken, SOON_MS)
    assert (verdict.trials, verdict.failures) == (1, 0)
