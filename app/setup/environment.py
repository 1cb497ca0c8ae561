"""The virtual environment: made, filled by pip, and stamped when it is complete. Used by `app.setup.steps`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from app.setup.errors import SetupError
from app.setup.pins import ROOT, Pin, Pins

NEEDED_BYTES = 4 * 10**9


@dataclass(frozen=True)
class Environment:
    """A virtual environment at `folder`."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp(self) -> Path:
        """The file that says what a finished set-up installed: one digest of pins per line."""
        return self.folder / "touchstone.stamp"

    def runs(self) -> bool:
        """Tell whether its interpreter starts and is of the version of the running one."""
        ask = "import sys; print(*sys.version_info[:2])"
        try:
            answer = subprocess.run(
                [self.python, "-c", ask], capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return answer.returncode == 0 and answer.stdout.split() == [
            str(part) for part in sys.version_info[:2]
        ]

    def is_complete(self, pins: Pins, dev: bool) -> bool:
        """Tell whether a set-up with the same pins (and the developers' tools, where asked) was finished here."""
        try:
            stamped = self.stamp.read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return False
        return pins.digest(dev) in stamped and self.runs()

    def mark_complete(self, pins: Pins, dev: bool) -> None:
        """Write the stamp, in one step."""
        digests = [pins.digest(dev=False)] + ([pins.digest(dev=True)] if dev else [])
        draft = self.stamp.with_suffix(".draft")
        draft.write_text("\n".join(digests), encoding="utf-8")
        draft.replace(self.stamp)

    def create(self) -> None:
        """Make the environment anew with the running Python, unless a working one is there.

        Raises:
            SetupError: There is too little room, or the environment cannot be made.
        """
        if self.runs():
            return
        free = shutil.disk_usage(self.folder.parent).free
        if free < NEEDED_BYTES:
            raise SetupError(
                f"disk of {self.folder.parent}",
                f"{free / 1e9:.1f} GB are free, the packages need about {NEEDED_BYTES / 1e9:.0f} GB",
                way_out="Free some space, then run the same command again",
            )
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / "pyvenv.cfg").exists():
            raise SetupError(
                f"folder {self.folder}",
                "it is not a virtual environment, and is not emptied for one",
                way_out="Move it away, then try again",
            )
        try:
            venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=True).create(self.folder)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SetupError(
                f"virtual environment {self.folder}",
                f"it cannot be made ({error})",
                way_out="Remove it, then try again",
            ) from error

    def install(self, *arguments: str, may_fail: bool = False) -> bool:
        """Run `pip install` with `arguments`; tells whether it succeeded.

        Its output is shown, unless a failure is nothing to worry about.
        """
        quiet = [] if sys.stdout.isatty() else ["-qq"]
        words = [str(self.python), "-m", "pip", "--disable-pip-version-check", "install", *quiet, *arguments]
        sys.stdout.flush()
        return subprocess.run(words, cwd=ROOT, capture_output=may_fail, check=False).returncode == 0

    def unmet(self, wanted: tuple[Pin, ...]) -> list[str]:
        """Return, in words, every pin that the environment does not meet; asked of its own interpreter.

        Raises:
            SetupError: The interpreter could not be asked.
        """
        program = (
            "import json, sys; from app.setup.pins import Pin, mismatches; "
            "pins = tuple(Pin(*pin) for pin in json.load(sys.stdin)); "
            "print(json.dumps([[pin.requirement, have] for pin, have in mismatches(pins)]))"
        )
        question = json.dumps([[pin.name, pin.version] for pin in wanted])
        answer = subprocess.run(
            [self.python, "-c", program],
            cwd=ROOT,
            input=question,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise SetupError(
                f"virtual environment {self.folder}", f"its Python fails: {answer.stderr.strip()[-300:]}"
            )
        return [f"{requirement} (has {have or 'none'})" for requirement, have in json.loads(answer.stdout)]
