"""Looks at Python, the pinned packages, the system libraries and torch."""

from __future__ import annotations

import platform
import sys

from app.doctor import child
from app.doctor.finding import Finding, Verdict
from app.setup import accelerator, interpreter, libraries, pins


def look() -> list[Finding]:
    """Return the findings about software; what needs packages is left out where they are wrong."""
    python = find_python()
    if python.verdict is not Verdict.OK:
        return [python, find_libraries()]
    packages = find_packages()
    findings = [python, packages, *find_tools(), find_libraries()]
    return [*findings, find_torch()] if packages.verdict is not Verdict.MISSING else findings


def find_python() -> Finding:
    """Return whether this Python is a supported one."""
    names = " or ".join(".".join(str(part) for part in version) for version in interpreter.SUPPORTED)
    here = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] in interpreter.SUPPORTED:
        return Finding("Python", Verdict.OK, here)
    way_out = f"Install Python {names}, then run `make demo` and `.venv/bin/python main.py doctor`"
    return Finding("Python", Verdict.MISSING, f"{here}, but {names} is needed", way_out)


def find_packages() -> Finding:
    """Return whether every pinned package is there at its version."""
    if not (pins.ROOT / "pyproject.toml").exists():
        return Finding(
            "packages", Verdict.LIMITED, "not compared: this is not a checkout, so the pins are not here"
        )
    wanted = pins.read_pins().wanted(dev=False)
    wrong = pins.mismatches(wanted)
    if not wrong:
        return Finding("packages", Verdict.OK, f"all {len(wanted)} at their pinned versions")
    absent = [pin.requirement for pin, have in wrong if have is None]
    words = [f"{', '.join(absent)} not installed"] if absent else []
    words += [f"{pin.name} is {have}, pinned is {pin.version}" for pin, have in wrong if have is not None]
    if sys.prefix == sys.base_prefix:
        way_out = "Run `make run` or `make demo`, which install them, then `.venv/bin/python main.py doctor`"
    else:
        way_out = (
            "Run `make run` or `make demo`, which install them; if that does not help, `make clean` first"
        )
    return Finding("packages", Verdict.MISSING, "; ".join(words), way_out)


def find_tools() -> list[Finding]:
    """Return what developers need and is not there."""
    lacking = pins.mismatches(pins.read_pins().dev) if (pins.ROOT / "pyproject.toml").exists() else []
    if not lacking:
        return []
    names = ", ".join(pin.requirement for pin, _ in lacking)
    return [Finding("test tools", Verdict.LIMITED, f"{names} not installed", "`make test` installs them")]


def find_libraries() -> Finding:
    """Return whether Qt's, MuJoCo's and Open3D's system libraries load."""
    needs = libraries.missing(dev=False)
    if not needs:
        return Finding("system libraries", Verdict.OK, "all that Qt, MuJoCo and Open3D need")
    names = ", ".join(f"{need.name} ({need.purpose})" for need in needs)
    packages = " ".join(sorted({need.package for need in needs}))
    return Finding(
        "system libraries", Verdict.MISSING, f"{names} not found", f"Run `sudo apt-get install {packages}`"
    )


def find_torch() -> Finding:
    """Return torch's build, threads and accelerator, after it computed something."""
    try:
        answer = child.ask("numeric")
    except child.ProbeFailed as error:
        way_out = "Run `make clean`, then `make run`, to install it anew"
        return Finding("torch", Verdict.MISSING, f"it does not work: {error}", way_out)
    words = f"{answer['version']}, {answer['threads']} thread"
    here = accelerator.find_accelerator()
    if answer["accelerator"]:
        return Finding("torch", Verdict.OK, f"{words}, on {answer['accelerator']}")
    if here is not None:
        way_out = "Run `make clean`, then `make run`, to install the accelerated build"
        return Finding("torch", Verdict.LIMITED, f"{words}, does not use the {here} of this machine", way_out)
    return Finding("torch", Verdict.OK, f"{words}, no accelerator: training runs on the processor")
