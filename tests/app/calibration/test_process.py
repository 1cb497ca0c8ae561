"""The role as a person types it: recorded pictures in, a kept calibration out; and when views are taken live."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import main
from app.calibration.board import Finder
from app.calibration.gather import Gatherer
from app.calibration.recorded import POSES, Keeper, quaternion
from app.calibration.views import Collection
from app.core.calibration import load_calibration
from tests.app.calibration.boards import SIZE, SPEC, look, pose, spread_poses

CAMERA_IN_TOOL = pose((12, -8, 91), (0.06, -0.02, 0.05))
BOARD_IN_BASE = pose((5, 3, 40), (0.5, 0.1, 0.02))
PICTURES = 14


def tool_of(seen: np.ndarray) -> np.ndarray:
    return np.asarray(BOARD_IN_BASE @ np.linalg.inv(seen) @ np.linalg.inv(CAMERA_IN_TOOL))


@pytest.fixture(scope="module")
def pictures() -> list[tuple[np.ndarray, np.ndarray]]:
    """Rendered pictures and the poses (4, 4) of the tool."""
    rng = np.random.default_rng(21)
    return [(look(seen, rng), tool_of(seen)) for seen in spread_poses(PICTURES, rng)]


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def role(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    status = main.main(["calibrate", *words, "--json"])
    return status, json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_recorded_pictures_become_a_kept_calibration(
    pictures: list[tuple[np.ndarray, np.ndarray]], own_settings: None, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = tmp_path / "pictures"
    keeper = Keeper(folder)
    for number, (gray, tool) in enumerate(pictures):
        keeper.keep(number, gray, tool)
    cv2.imwrite(str(folder / "view_999.png"), np.full((SIZE[1], SIZE[0]), 99, np.uint8))
    words = ("--rig", "lab/ur", "--camera", "wrist", "--mount", "tool")
    status, told = role(capsys, "--pictures", str(folder), *words)
    assert status == 0, told
    assert told["without_board"] == ["view_999.png"]
    assert float(str(told["held_out_px"])) < 0.5
    kept = load_calibration("lab/ur", "wrist")
    assert kept is not None
    found = np.reshape(kept.pose, (4, 4))
    assert 1e3 * np.linalg.norm(found[:3, 3] - CAMERA_IN_TOOL[:3, 3]) < 1.0
    status, told = role(capsys, "list", "--rig", "lab/ur")
    assert list(told["cameras"]) == ["wrist"]  # type: ignore[call-overload]
    assert role(capsys, "forget", "--rig", "lab/ur", "--camera", "wrist")[0] == 0
    assert load_calibration("lab/ur", "wrist") is None
    status, told = role(capsys, "forget", "--rig", "lab/ur", "--camera", "wrist")
    assert status == 2
    assert "none is kept" in str(told["error"])
    (folder / POSES).unlink()
    status, told = role(capsys, "--pictures", str(folder))
    assert status == 0
    assert "Lens only" in str(told["text"])


def test_a_view_is_taken_only_when_everything_stands_still_and_it_is_new(
    pictures: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    gatherer = Gatherer(Collection(Finder(SPEC), SIZE))
    (gray, tool), (other, _) = pictures[:2]
    still = np.array([*tool[:3, 3], *quaternion(tool[:3, :3])])
    assert "pose is not known" in gatherer.picture(gray, 0).words
    times = tuple(range(0, 2_000_000_000, 4_000_000))
    moving = np.tile(still, (len(times), 1))
    moving[:250, 0] += np.linspace(0.02, 0.0, 250)  # it comes to rest after one second
    gatherer.poses.feed(times, moving)
    assert gatherer.picture(gray, 500_000_000).words == "Hold still …"
    assert gatherer.picture(gray, 1_500_000_000).taken
    again = gatherer.picture(gray, 1_600_000_000)
    assert again.still
    assert "known already" in again.words
    assert gatherer.picture(other, 1_650_000_000).words == "Hold still …"  # the board jumped
    assert gatherer.picture(other, 1_700_000_000).taken
    assert gatherer.picture(np.zeros_like(gray), 1_700_000_000).sighting is None
    gatherer.automatic, gatherer.wanted = False, True
    gatherer.picture(gray, 1_710_000_000)
    assert gatherer.picture(gray, 1_720_000_000).taken  # asked for: known or not
    assert len(gatherer.collection.views) == 3
