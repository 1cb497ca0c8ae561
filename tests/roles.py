"""Running roles of `main.py` as a person would."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from app.core.link.hub import MAIN


def role(*words: str, limit_s: float = 300.0) -> tuple[int, dict[str, Any]]:
    """Run a role to its end; returns its status and the JSON object of its last line. No traceback may be shown.

    Raises:
        subprocess.TimeoutExpired: If it has not ended after `limit_s` by the clock.
    """
    command = [sys.executable, str(MAIN), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, json.loads(done.stdout.strip().splitlines()[-1])
