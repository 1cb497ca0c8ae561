"""The window's list of a folder follows the reader's by what changed, and the reader process is real."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from app.core.episodes import EpisodeRow
from recorders.labels import change_labels
from recorders.library import list_episodes
from recorders.listing import Listing
from tests.recorders.takes import make_episode
from widgets.parts.mirror import Mirror

OUTCOMES = ("success", "failure", "discarded", "failure", "success")


def answer(listing: Listing, mirror: Mirror, most: int = 2) -> int:
    """Bring a mirror up to date as the window does, and return how many rows were sent."""
    listing.refresh()
    sent = 0
    while True:
        begins = mirror.stamp != listing.stamp
        page = listing.since(0 if begins else mirror.serial, most)
        rows = msgspec.msgpack.encode(page.rows)
        mirror.take(
            {"stamp": listing.stamp, "serial": page.serial, "begins": begins, "rows": rows, "gone": page.gone,
             "more": page.more, "pending": 0}
        )  # fmt: skip
        sent += len(page.rows)
        if not page.more:
            return sent


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [make_episode(tmp_path, 5) for _ in range(5)]


def test_only_what_changed_is_sent_again(tmp_path: Path, paths: list[Path]) -> None:
    listing, mirror = Listing(tmp_path), Mirror()
    assert answer(listing, mirror) == 5
    assert mirror.items() == list_episodes(tmp_path)
    assert answer(listing, mirror) == 0
    change_labels(tmp_path, paths[2].stem, {"outcome": "failure"})
    assert answer(listing, mirror) == 1
    assert mirror.items() == list_episodes(tmp_path)
    paths[0].unlink()
    added = make_episode(tmp_path, 6)
    assert answer(listing, mirror) == 1
    assert mirror.items() == list_episodes(tmp_path)
    assert added.stem in {row.uuid for row in mirror.items()}
    fresh = Listing(tmp_path)  # the reader was started again
    assert answer(fresh, mirror) == 5
    assert mirror.items() == list_episodes(tmp_path)


def test_the_newest_come_first(tmp_path: Path, paths: list[Path]) -> None:
    listing = Listing(tmp_path)
    listing.refresh()
    assert list(listing.since(0, 3).rows) == list_episodes(tmp_path)[::-1][:3]


def test_a_label_changed_at_once_again_is_seen(tmp_path: Path, paths: list[Path]) -> None:
    """Size and time of the file are the same, its words are not."""
    listing, label = Listing(tmp_path), tmp_path / "labels" / f"{paths[0].stem}.json"
    change_labels(tmp_path, paths[0].stem, {"outcome": "failure"})
    listing.refresh()
    status, text = label.stat(), label.read_text()
    label.write_text(text.replace("failure", "success"))
    os.utime(label, ns=(status.st_atime_ns, status.st_mtime_ns))
    listing.refresh()
    assert {row.outcome for row in listing.rows()} == {"success"}


def test_reading_can_be_cut_into_pieces(tmp_path: Path, paths: list[Path]) -> None:
    listing, mirror, rounds = Listing(tmp_path), Mirror(), 0
    while rounds == 0 or listing.pending:
        listing.refresh(budget_s=0.0)
        rounds += 1
        assert rounds < 10
    assert rounds > 1
    assert answer(listing, mirror) == 5


def test_a_broken_file_does_not_keep_the_others_from_being_read(tmp_path: Path, paths: list[Path]) -> None:
    for path in paths[:4]:
        path.write_bytes(b"noise")
    listing = Listing(tmp_path)
    for _ in range(5):
        listing.refresh(budget_s=0.0)
    assert listing.pending == 0
    assert sum(not row.broken for row in listing.rows()) == 1


def test_labels_do_not_depend_on_the_index(tmp_path: Path, paths: list[Path]) -> None:
    """D10 for labels: whatever becomes of the index, the rows are what the files say."""
    for path, outcome in zip(paths, OUTCOMES, strict=True):
        change_labels(tmp_path, path.stem, {"outcome": outcome, "notes": path.stem, "phases": [[5, outcome]]})
        settled = tmp_path / "labels" / f"{path.stem}.json"
        os.utime(settled, (1_700_000_000, 1_700_000_000))
    before, index = list_episodes(tmp_path), tmp_path / "catalogue.sqlite"
    said = {row.uuid: row.outcome for row in before}
    assert said == {path.stem: outcome for path, outcome in zip(paths, OUTCOMES, strict=True)}
    whole = index.read_bytes()
    for at in range(0, len(whole), len(whole) // 12):
        damaged = bytearray(whole)
        damaged[at : at + 40] = bytes(byte ^ 0xFF for byte in damaged[at : at + 40])
        index.write_bytes(damaged)
        assert list_episodes(tmp_path) == before
    index.unlink()
    assert list_episodes(tmp_path) == before


def test_an_answer_that_is_none_is_refused(tmp_path: Path) -> None:
    mirror = Mirror()
    with pytest.raises(msgspec.DecodeError):
        mirror.take({"stamp": 1})
    assert mirror.items() == list[EpisodeRow]()
