"""Reasons of the governor in words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.safety.reasons import WORDS, Reason, clause, words


def test_that_a_new_press_is_needed_is_told_last_and_is_no_cause() -> None:
    assert clause(Reason.REARM | Reason.FORCE) == (
        "the contact force is over the limit; release the enabling input and press it again"
    )
    assert clause(Reason.REARM) == WORDS[Reason.REARM]
    assert clause(Reason.FORCE | Reason.EXPIRED) == ", ".join(words(Reason.FORCE | Reason.EXPIRED))
    assert clause(0) == ""


@given(st.sets(st.sampled_from([reason for reason in WORDS if reason is not Reason.REARM]), min_size=1))
def test_every_cause_is_told_once(causes: set[Reason]) -> None:
    told = clause(sum(causes) | Reason.REARM)
    assert all(told.count(WORDS[cause]) == 1 for cause in causes)
    assert "stopped;" not in told
