"""Labels: every change can be undone and made again, across restarts; the effective outcome is the person's."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import EpisodeError
from recorders.labels import Labels, change_labels, kept_successes, read_labels, redo_labels, undo_labels
from recorders.library import list_episodes
from tests.recorders.fake_device import PERIOD_NS
from tests.recorders.takes import make_episode

UUID = "01a2-test"
CHANGES = st.one_of(
    st.fixed_dictionaries({"outcome": st.sampled_from(["success", "failure", "discarded", None])}),
    st.fixed_dictionaries({"notes": st.text(max_size=20)}),
    st.fixed_dictionaries({"trim_start_ns": st.one_of(st.none(), st.integers(0, 10**9))}),
    st.fixed_dictionaries(
        {"phases": st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from("abc")), max_size=3)}
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(CHANGES, st.just("undo"), st.just("redo")), max_size=25))
def test_history_is_a_line_that_survives_restarts(steps: list[dict[str, object] | str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        states, at = [Labels()], 0  # what an editor would do
        for step in steps:
            if step == "undo":
                at = max(0, at - 1)
                sheet = undo_labels(folder, UUID)
            elif step == "redo":
                at = min(len(states) - 1, at + 1)
                sheet = redo_labels(folder, UUID)
            else:
                assert isinstance(step, dict)
                sheet = change_labels(folder, UUID, step)
                if sheet.labels != states[at]:
                    states, at = [*states[: at + 1], sheet.labels], at + 1
                wanted = step.get("phases")
                assert wanted is None or list(sheet.labels.phases) == sorted(wanted)  # type: ignore[call-overload]
            assert sheet.labels == states[at]
            assert (sheet.can_undo, sheet.can_redo) == (at > 0, at < len(states) - 1)
            assert read_labels(folder, UUID) == sheet


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outcome": "great"}, "success, failure, discarded"), ({"colour": "red"}, "'colour' is no label"),
        ({"trim_start_ns": 5, "trim_end_ns": 5}, "would start at 5 and end at 5"),
        ({"phases": [[1, " "]]}, "each with a name"), ({"notes": "x" * 30_000}, "longer than 20000"),
        ({"trim_start_ns": "soon"}, "Expected"),
        ({"subtasks": [[5, 5, "press"]]}, "an end after its start"),
        ({"subtasks": [[1, 5, "press"], [4, 9, "wipe"]]}, "are over each other"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    change_labels(tmp_path, UUID, {"notes": "before"})
    with pytest.raises(EpisodeError, match=words):
        change_labels(tmp_path, UUID, change)
    assert read_labels(tmp_path, UUID).labels == Labels(notes="before")


@pytest.mark.parametrize("uuid", ["", "../x", ".x", "a/b", "a\0b"])
def test_labels_stay_in_their_folder(tmp_path: Path, uuid: str) -> None:
    with pytest.raises(EpisodeError, match="no name of an episode"):
        change_labels(tmp_path, uuid, {"notes": "x"})


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"version": 9, "uuid": "x", "states": [{}], "at": 0}', b"[" * 5000]
)
def test_broken_labels_are_named_and_training_does_not_guess(tmp_path: Path, content: bytes) -> None:
    path = make_episode(tmp_path)
    file = tmp_path / "labels" / f"{path.stem}.json"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(EpisodeError, match=str(file)):
        read_labels(tmp_path, path.stem)
    (row,) = list_episodes(tmp_path)
    assert str(file) in row.label_problem
    with pytest.raises(EpisodeError, match=str(file)):
        kept_successes(tmp_path)


def test_training_gets_effective_successes_with_their_trims(tmp_path: Path) -> None:
    good, bad, saved, cut = (
        make_episode(tmp_path, 30, outcome) for outcome in ("success", "success", "failure", "success")
    )
    make_episode(tmp_path, 30, "discarded")
    change_labels(tmp_path, bad.stem, {"outcome": "failure"})
    change_labels(tmp_path, saved.stem, {"outcome": "success", "instruction": "wipe twice"})
    change_labels(tmp_path, cut.stem, {"trim_start_ns": 5 * PERIOD_NS, "trim_end_ns": 10**15})
    kept = {row.uuid: row for row in kept_successes(tmp_path)}
    assert set(kept) == {good.stem, saved.stem, cut.stem}
    assert kept[saved.stem].recorded_outcome == "failure"
    assert kept[saved.stem].instruction == "wipe twice"
    assert kept[good.stem].span_ns == (PERIOD_NS, 30 * PERIOD_NS)
    assert kept[cut.stem].span_ns == (5 * PERIOD_NS, 30 * PERIOD_NS)
    assert msgspec.to_builtins(kept[cut.stem])["trim_end_ns"] == 10**15
