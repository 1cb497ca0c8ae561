"""A rig on one machine and the person on another, whose clock is days away: moves over a poor link, never stale."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.core.wire import keys
from app.keys import process as keys_role
from tests.faults.two_machines import CLOCK_AHEAD_S, TwoMachines, hindrance

HINDRANCE = hindrance()
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(HINDRANCE), reason=f"two machines cannot be made here: {HINDRANCE}"),
]  # fmt: skip
DELAY_S, STALL_S, LONG_STALL_S = 0.02, 0.04, 0.15
EXPIRY_MS, MAP_MS = 60.0, 1.0
TRIES = 4  # what else runs on this machine may let a deadline of 60 ms lapse by itself


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoMachines]:
    folder = tmp_path_factory.mktemp("two") / "keys"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(keys.FOLDER_VARIABLE, str(folder))
        keys_role.make_missing(folder)
        with TwoMachines(folder, DELAY_S) as machines:
            yield machines


def test_the_clock_of_the_other_machine_is_found(two: TwoMachines) -> None:
    found = two.far.ask("clock")
    wrong_ms = abs(found["offset_ns"] + CLOCK_AHEAD_S * 1e9) * 1e-6
    assert wrong_ms <= found["bound_ns"] * 1e-6
    assert found["bound_ns"] * 1e-6 < 2 * DELAY_S * 1e3


def test_over_a_link_with_short_stalls_the_hand_moves_the_arm(two: TwoMachines) -> None:
    two.far.ask("release", seconds=0.7)
    two.link.ask("set", delay_s=DELAY_S, stall_s=STALL_S)
    for _ in range(TRIES):
        moved = two.far.ask("hold", seconds=2.5)
        two.far.ask("release", seconds=0.2)
        if not moved["stopped"]:
            break
    assert two.link.ask("set", delay_s=DELAY_S)["stalls"] >= 2
    assert not moved["stopped"], moved["why"]
    assert moved["way_m"] > 0.03


def test_a_long_stall_stops_the_arm_until_a_new_press(two: TwoMachines) -> None:
    for _ in range(TRIES):
        two.link.ask("set", delay_s=DELAY_S, stall_s=LONG_STALL_S)
        stopped = two.far.ask("hold", seconds=1.6)
        two.link.ask("set", delay_s=DELAY_S)
        same = two.far.ask("hold", seconds=0.6, fresh=False)
        two.far.ask("release", seconds=0.2)
        again = two.far.ask("hold", seconds=0.8)
        two.far.ask("release", seconds=0.2)
        assert stopped["stopped"] > 0
        assert (stopped["last_move_ns"] - stopped["first_stop_ns"]) * 1e-6 < 60.0  # the ramp to rest
        assert same["way_m"] == 0.0
        if stopped["way_m"] > 0.01 and not again["stopped"]:
            break
    assert stopped["way_m"] > 0.01
    assert again["way_m"] > 0.01
    assert not again["stopped"], again["why"]


def test_no_command_is_used_that_is_older_than_its_deadline(two: TwoMachines) -> None:
    two.link.ask("set", delay_s=DELAY_S, stall_s=LONG_STALL_S, every_s=0.5)
    sent = two.far.ask("send", seconds=2.0)
    two.link.ask("set", delay_s=DELAY_S)
    assert sent["rising"]
    assert 0.3 * sent["sent"] < sent["taken"] < sent["sent"]  # what the stalls held was refused
    assert sent["newest_ms"] > DELAY_S * 1e3 - MAP_MS
    assert sent["oldest_ms"] <= EXPIRY_MS + DELAY_S * 1e3 + 2 * MAP_MS
