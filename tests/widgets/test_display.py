"""Where there is no screen, `main.py` says so in one sentence and ends with 1."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.link.hub import MAIN


@pytest.mark.process
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only X11 and Wayland can be missing")
@pytest.mark.parametrize("display", [None, ":4097"])
def test_no_display_is_one_sentence(display: str | None) -> None:
    gone = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in gone}
    if display:
        environment["DISPLAY"] = display
    done = subprocess.run(
        [sys.executable, str(MAIN)], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 1
    assert "make demo" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


BROKEN_PAGE = """
import sys
import main
from widgets.review.page import ReviewPage
def fail(*_): raise LookupError("a page that cannot be built")
ReviewPage.__init__ = fail
sys.exit(main.main(["window", "--data", sys.argv[1]]))
"""


@pytest.mark.process
def test_a_window_that_cannot_be_built_ends_and_says_why(tmp_path: Path) -> None:
    """The threads of its bridge run already by then."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = [sys.executable, "-c", BROKEN_PAGE, str(tmp_path / "project")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=MAIN.parent
    )
    assert done.returncode == 1
    assert "a page that cannot be built" in done.stderr
    assert "Traceback" not in done.stderr
