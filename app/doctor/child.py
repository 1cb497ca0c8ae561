"""Runs one of the probes as a child process, so that a crash in a driver is a finding and not the doctor's end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from app.setup.pins import ROOT

TIMEOUT_S = 90.0


class ProbeFailed(Exception):
    """A probe crashed, hung, or said what is wrong; the text is its reason in a few words."""


def ask(probe: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what `app.doctor.probes.<probe>` printed, run with `environment` over that of this process.

    Raises:
        ProbeFailed: It did not print its JSON object.
    """
    words = [sys.executable, "-m", f"app.doctor.probes.{probe}"]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})}
    try:
        answer = subprocess.run(
            words, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeFailed(f"no answer within {TIMEOUT_S:g} s") from error
    if answer.returncode < 0:
        raise ProbeFailed(
            f"it crashed ({signal.Signals(-answer.returncode).name}): {last_line(answer.stderr)}"
        )
    if answer.returncode > 0:
        raise ProbeFailed(last_line(answer.stderr))
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return result


def last_line(text: str) -> str:
    """Return the last line of `text` that says something, without its final stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".")[:200] if lines else "it said nothing"
