"""`python3 -m app.setup` as the Makefile calls it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.setup import interpreter
from app.setup.pins import ROOT


@pytest.mark.process
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a screen")
def test_without_display_it_points_at_the_demo() -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    words = [sys.executable, "-m", "app.setup", "--display"]
    answer = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "make demo" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_interpreter_of_another_version_is_passed_over(tmp_path: Path) -> None:
    old = tmp_path / "python3.11"
    old.write_text("#!/bin/sh\necho 3 9 /usr/bin/python3.9\n")
    old.chmod(0o755)
    assert interpreter.probe(str(old)) is None
    assert interpreter.probe(str(tmp_path / "absent")) is None
    assert interpreter.probe(sys.executable) == sys.executable


def test_running_interpreter_is_taken_if_supported() -> None:
    assert interpreter.choose() == sys.executable


@pytest.mark.parametrize("name", ["__init__", "__main__", "interpreter", "errors"])
def test_what_an_old_python_reads_is_understood_by_it(name: str) -> None:
    text = (ROOT / "app" / "setup" / f"{name}.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 7))
