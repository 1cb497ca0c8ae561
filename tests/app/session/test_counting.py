"""What Collect counts and says: successes that lie on the disk, low scores, doubtful streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.session.hand import HandSession, Phase, kept_before
from app.session.take import SUCCESS_SCORE
from recorders.labels import change_labels
from tests.recorders.takes import make_episode


def test_a_session_that_starts_again_counts_what_lies_there(tmp_path: Path) -> None:
    assert kept_before(tmp_path / "nowhere", "wipe") == 0
    first = make_episode(tmp_path, 3, task="wipe")
    make_episode(tmp_path, 3, task="wipe")
    make_episode(tmp_path, 3, task="peel")
    make_episode(tmp_path, 3, "failure", task="wipe")
    (tmp_path / "episodes" / "broken.h5").write_bytes(b"nothing")
    assert kept_before(tmp_path, "wipe") == 2
    change_labels(tmp_path, first.stem, {"outcome": "failure"})
    assert kept_before(tmp_path, "wipe") == 1


class FakeRig:
    """A rig that has nothing but a score."""

    score: tuple[float, float] | None = None


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (None, "Kept."),
        (0.95, "Kept, score 0.95."),
        (0.42, f"Kept as a success, but its score is low: 0.42 where {SUCCESS_SCORE:.2f} is good."),
    ],
)
def test_a_kept_take_with_a_low_score_says_so(score: float | None, words: str) -> None:
    session: Any = HandSession.__new__(HandSession)
    session.rig = FakeRig()
    session.rig.score = None if score is None else (score, 0.5)
    assert session._verdict() == words


def test_flags_of_the_running_take_are_passed_on() -> None:
    session: Any = HandSession.__new__(HandSession)
    session.recorder, session._take, session.phase = object(), "a", Phase.RECORDING
    session._flags, session._record = [], {}
    event = type(
        "Event",
        (),
        {"kind": "state", "body": {"name": "recording", "take": "a", "flags": ["camera stalled"]}},
    )
    session._on_event(session.recorder, event)
    assert session._flags == ["camera stalled"]
