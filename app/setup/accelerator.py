"""Is there an accelerator that torch can use? Used by set-up to choose torch's build, and by `doctor`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/version")


def find_accelerator() -> str | None:
    """Return the name of an NVIDIA accelerator with a working driver, or None.

    Apple's accelerator needs no choice (there is one build for macOS); AMD's would need a build that we do not pin.
    """
    program = shutil.which("nvidia-smi")
    if program is not None:
        try:
            answer = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            answer = None
        if answer is not None and answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.splitlines()[0].partition(" (UUID")[0]
    return "NVIDIA driver without nvidia-smi" if DRIVER.exists() else None
