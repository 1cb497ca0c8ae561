"""The window is killed in the middle of a take: its children end by themselves, and the take is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recorders.reader import EpisodeFile
from tests.hygiene import wait_until

pytestmark = pytest.mark.process

WINDOW = """
import sys
from app.core.link.hub import Hub
with Hub() as hub:
    collect = hub.start("collect", "--operator", "hand", "--data", sys.argv[1])
    hub.wait_ready(collect, 180.0)
    hub.wait_for(collect, ("state",), 60.0, phase="ready")
    hub.intent(collect, "next")
    while True:
        body = hub.wait_for(collect, ("state",), 60.0, phase="recording").body
        if body["seconds"] > 0.5:
            print(collect.process.pid, flush=True)
"""


def test_children_of_a_killed_window_end_and_the_take_is_kept(tmp_path: Path) -> None:
    window = subprocess.Popen(
        [sys.executable, "-c", WINDOW, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert window.stdout is not None
    collect = int(window.stdout.readline())
    window.kill()
    window.wait()
    window.stdout.close()
    wait_until(lambda: not Path(f"/proc/{collect}").exists(), timeout_s=40, what="collect ends")
    wait_until(lambda: not _running(tmp_path), timeout_s=40, what="the recorder ends")
    (path,) = (tmp_path / "episodes").glob("*.h5")
    with EpisodeFile(path) as episode:
        assert episode.problems() == []
        assert episode.attributes["outcome"] == "failure"
        assert len(episode.data("arm/pose")) > 100


def _running(folder: Path) -> bool:
    found = subprocess.run(["pgrep", "-f", f"main.py .*{folder}"], capture_output=True, check=False)
    return found.returncode == 0
