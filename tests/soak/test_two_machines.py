"""A minute and more of teleoperation over a poor link between two machines: it moves, and what stops it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.wire import keys
from app.keys import process as keys_role
from tests.faults.two_machines import TwoMachines, hindrance

HINDRANCE = hindrance()
pytestmark = [
    pytest.mark.soak, pytest.mark.process, pytest.mark.timeout(600),
    pytest.mark.skipif(bool(HINDRANCE), reason=f"two machines cannot be made here: {HINDRANCE}"),
]  # fmt: skip
DELAY_S, SECONDS, PRESSES = 0.02, 60.0, 10


def test_a_minute_of_short_stalls_and_ten_long_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "keys"
    monkeypatch.setenv(keys.FOLDER_VARIABLE, str(folder))
    keys_role.make_missing(folder)
    with TwoMachines(folder, DELAY_S) as two:
        two.far.ask("release", seconds=1.0)
        two.link.ask("set", delay_s=DELAY_S, stall_s=0.04)
        moved = two.far.ask("hold", seconds=SECONDS)
        stalls = two.link.ask("set", delay_s=DELAY_S)["stalls"]
        assert stalls > 0.9 * SECONDS
        assert not moved["stopped"], moved["why"]
        assert moved["way_m"] > 0.05 * SECONDS
        for _ in range(PRESSES):
            two.far.ask("release", seconds=0.3)
            two.link.ask("set", delay_s=DELAY_S, stall_s=0.15)
            stopped = two.far.ask("hold", seconds=1.5)
            two.link.ask("set", delay_s=DELAY_S)
            same = two.far.ask("hold", seconds=0.4, fresh=False)
            assert stopped["way_m"] > 0.01
            assert stopped["stopped"] > 0
            assert same["way_m"] == 0.0
        two.link.ask("set", delay_s=DELAY_S, stall_s=0.15, every_s=0.5)
        sent = two.far.ask("send", seconds=20.0)
        assert sent["rising"]
        assert sent["oldest_ms"] <= 82.0
