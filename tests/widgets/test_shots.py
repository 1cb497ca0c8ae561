"""Role `shots` as a person would type it, without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.roles import role
from widgets.shots import check_names, parse_size


@pytest.mark.process
@pytest.mark.slow
def test_a_picture_of_collect_shows_a_live_rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    status, result = role("shots", "--out", str(tmp_path), "--only", "collect", "--size", "1280x800")
    assert status == 0, result
    assert result["files"] == [str(tmp_path / "collect.png")]
    picture = QImage(str(tmp_path / "collect.png"))
    assert (picture.width(), picture.height()) == (1280, 800)
    scene = {picture.pixelColor(x, y).name() for x in range(240, 560, 8) for y in range(100, 340, 8)}
    assert len(scene) > 50  # a rendered room, not an empty place
    assert any(tmp_path.joinpath("project", "demonstrations").rglob("*.h5"))


def test_a_size_that_the_window_cannot_have_is_refused() -> None:
    assert parse_size("1600x1000") == (1600, 1000)
    for text in ("1600", "big", "10x10", "x", "1280x-2"):
        with pytest.raises(Exception, match="1100x680"):
            parse_size(text)


def test_a_workspace_that_there_is_not_is_refused() -> None:
    titles = ["collect", "review"]
    assert check_names("Review, collect", titles) == ["review", "collect"]
    assert check_names("", titles) == []
    with pytest.raises(Exception, match="foo: there is no such workspace"):
        check_names("review,foo", titles)
