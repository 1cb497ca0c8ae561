"""Where there is no screen, `main.py` says so in one sentence and ends with 1."""

from __future__ import annotations

import os
import subprocess
import sys

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
