"""Which outcome a take gets from its score and from how it ended."""

from __future__ import annotations

import pytest

from app.session.take import judge


@pytest.mark.parametrize(
    ("score", "why", "outcome"),
    [
        (0.95, "done", "success"),
        (0.95, "end", "success"),
        (0.95, "fault", "failure"),
        (0.5, "time", "failure"),
        (0.5, "end", "discarded"),
        (0.0, "stop", "discarded"),
        (0.95, "interrupted", "discarded"),
    ],
)
def test_what_was_cut_off_is_no_failure(score: float, why: str, outcome: str) -> None:
    assert judge(score, why) == outcome
