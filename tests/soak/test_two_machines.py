"""Minutes of teleoperation over a poor link between two machines, with stalls from none to 300 ms, as a table.

Written to resources/help/two_machines.md, good or bad, or to the file that `TOUCHSTONE_SOAK_LINKS=FILE` names.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.core.wire import keys
from app.keys import process as keys_role
from tests.contracts.sources import ROOT
from tests.faults.two_machines import TwoMachines, hindrance

HINDRANCE = hindrance()
pytestmark = [
    pytest.mark.soak, pytest.mark.process, pytest.mark.timeout(900),
    pytest.mark.skipif(bool(HINDRANCE), reason=f"two machines cannot be made here: {HINDRANCE}"),
]  # fmt: skip
DELAY_S, HOLD_S = 0.02, 4.0
SHORT, LONG = ((0.0, 1), (0.02, 2), (0.04, 10)), ((0.1, 3), (0.15, 3), (0.3, 3))  # stall in s, holds
EXPIRY_MS, MAP_MS, REST_MS = 60.0, 1.0, 60.0
TABLE = Path(os.environ.get("TOUCHSTONE_SOAK_LINKS", ROOT / "resources" / "help" / "two_machines.md"))
BEGIN, END = "<!-- table of tests/soak/test_two_machines.py -->\n", "<!-- end of the table -->\n"
HEAD = """Written by tests/soak/test_two_machines.py on {when}, {cores} cores, load {load}.
20 ms each way, a stall every second, {hold:g} s a hold, each with a press of its own.
{sent}

| stall, ms | holds | stopped | way, m | rest, ms after the stop | same press then, m |
|---|---|---|---|---|---|
"""


@dataclass
class Row:
    """What came of one length of stalls."""

    stall_s: float
    holds: list[dict[str, Any]]
    same: list[dict[str, Any]]

    @property
    def stopped(self) -> int:
        """How many holds were stopped."""
        return sum(hold["stopped"] > 0 for hold in self.holds)

    @property
    def way_m(self) -> float:
        """How far the arm went."""
        return float(sum(hold["way_m"] for hold in self.holds))

    @property
    def rest_ms(self) -> float:
        """The longest time from a stop to the last change of the target."""
        stops = [hold for hold in self.holds if hold["stopped"]]
        return max(((hold["last_move_ns"] - hold["first_stop_ns"]) * 1e-6 for hold in stops), default=0.0)

    @property
    def again_m(self) -> float:
        """How far the press that was stopped moved the arm afterwards."""
        return float(sum(hold["way_m"] for hold in self.same))

    def text(self) -> str:
        """Return the line in Markdown."""
        rest = f"{self.rest_ms:.0f}" if self.stopped else ""
        again = f"{self.again_m:.3f}" if self.same else ""
        cells = (f"{self.stall_s * 1e3:.0f}", len(self.holds), self.stopped, f"{self.way_m:.2f}", rest, again)
        return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def drive(two: TwoMachines, stall_s: float, count: int) -> Row:
    """Hold `count` times over a link with such stalls; after each one that was stopped, hold on without them."""
    row = Row(stall_s, [], [])
    for _ in range(count):
        two.link.ask("set", delay_s=DELAY_S)
        two.far.ask("release", seconds=0.7)
        two.link.ask("set", delay_s=DELAY_S, stall_s=stall_s)
        row.holds.append(two.far.ask("hold", seconds=HOLD_S))
        if row.holds[-1]["stopped"]:
            two.link.ask("set", delay_s=DELAY_S)
            row.same.append(two.far.ask("hold", seconds=0.4, fresh=False))
    return row


def write(rows: list[Row], sent: dict[str, Any], load: str) -> None:
    """Put the table between its two marks of the help page."""
    words = (
        f"With stalls of 150 ms twice a second the governor used {sent['taken']} of {sent['sent']} set-points, the "
        f"oldest {sent['oldest_ms']:.1f} ms after it was made; the line is 60 ms beyond the link's delay."
    )
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    head = HEAD.format(when=when, cores=os.cpu_count(), load=load, hold=HOLD_S, sent=words)
    table = head + "".join(row.text() for row in rows)
    text = TABLE.read_text() if TABLE.exists() else BEGIN + END
    before, _, rest = text.partition(BEGIN)
    TABLE.write_text(before + BEGIN + table + END + rest.partition(END)[2])


def test_short_stalls_are_driven_over_and_long_ones_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "keys"
    monkeypatch.setenv(keys.FOLDER_VARIABLE, str(folder))
    keys_role.make_missing(folder)
    began = os.getloadavg()[0]
    with TwoMachines(folder, DELAY_S) as two:
        two.far.ask("release", seconds=1.0)
        rows = [drive(two, stall_s, count) for stall_s, count in (*SHORT, *LONG)]
        two.link.ask("set", delay_s=DELAY_S, stall_s=0.15, every_s=0.5)
        sent = two.far.ask("send", seconds=20.0)
    write(rows, sent, f"{began:.1f} at the start and {os.getloadavg()[0]:.1f} at the end")
    assert sent["rising"]
    assert sent["oldest_ms"] <= EXPIRY_MS + DELAY_S * 1e3 + 2 * MAP_MS, "stale"
    for row in rows:
        assert row.again_m == 0.0, "a press that was stopped moves nothing"
        assert row.rest_ms < REST_MS
        if row.stall_s <= SHORT[-1][0]:
            assert row.stopped == 0, f"stalls of {row.stall_s:g} s: {[hold['why'] for hold in row.holds]}"
            assert row.way_m > 0.05 * HOLD_S * len(row.holds)
        else:
            assert row.stopped == len(row.holds)
            assert row.way_m > 0.01 * len(row.holds), "it moved before the stall"
