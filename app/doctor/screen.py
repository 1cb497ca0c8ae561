"""Looks at the screen, Qt, the virtual screen for tests, and drawing without a screen."""

from __future__ import annotations

import os
import shutil
import sys

from app.doctor import child
from app.doctor.finding import Finding, Verdict
from app.setup import display

BACKENDS = {"egl": ("EGL", "libegl1 libgl1"), "osmesa": ("OSMesa", "libosmesa6")}


def look(packages_are_right: bool) -> list[Finding]:
    """Return the findings about drawing; without the right packages only those that need none."""
    if not packages_are_right:
        return [find_screen(), find_virtual_screen()]
    return [find_screen(), *find_qt(), find_virtual_screen(), *find_offscreen()]


def find_screen() -> Finding:
    """Return whether there is a display."""
    present, words = display.find_display()
    if present:
        return Finding("display", Verdict.OK, words)
    way_out = "Use `make demo` here, or log in to a desktop, or connect with `ssh -X`, for the window"
    return Finding("display", Verdict.LIMITED, words, way_out)


def find_qt() -> list[Finding]:
    """Return whether Qt and OpenGL start on the display; without a display, whether Qt starts off screen."""
    present, _ = display.find_display()
    environment = {} if present else {"QT_QPA_PLATFORM": "offscreen"}
    try:
        answer = child.ask("window", environment)
    except child.ProbeFailed as error:
        way_out = (
            "`make run` installs the libraries that Qt needs; the message may name one that is not listed"
        )
        return [Finding("Qt", Verdict.MISSING, f"it does not start: {error}", way_out)]
    findings = [Finding("Qt", Verdict.OK, f"starts on platform {answer['platform']}")]
    if answer["opengl"]:
        findings.append(Finding("OpenGL", Verdict.OK, f"{answer['opengl']} in the window"))
    elif answer["platform"] != "offscreen":
        way_out = "Install your graphics driver, or Mesa: `sudo apt-get install libgl1`"
        findings.append(
            Finding("OpenGL", Verdict.LIMITED, "no context: the 3D scene is drawn in software", way_out)
        )
    return findings


def find_virtual_screen() -> Finding:
    """Return whether the tests that need a screen can run."""
    if shutil.which("Xvfb") and shutil.which("xvfb-run"):
        return Finding("Xvfb", Verdict.OK, "there, for the tests that need a screen")
    way_out = "Run `sudo apt-get install xvfb xauth`"
    return Finding("Xvfb", Verdict.LIMITED, "not installed; `make test` needs it", way_out)


def find_offscreen() -> list[Finding]:
    """Draw with MuJoCo through one backend after the other; one must work, for the simulator's cameras."""
    if not sys.platform.startswith("linux"):
        return [draw("", "system OpenGL", Verdict.MISSING, "Update the graphics driver")]
    findings = []
    for backend, (name, packages) in BACKENDS.items():
        finding = draw(backend, name, Verdict.LIMITED, f"Run `sudo apt-get install {packages}`")
        findings.append(finding)
        if finding.verdict is Verdict.OK:
            return findings  # the simulator takes the first that draws
    names = ", ".join(name for name, _ in BACKENDS.values())
    way_out = "Run `sudo apt-get install libegl1 libgl1`"
    return [
        *findings,
        Finding("camera pictures", Verdict.MISSING, f"MuJoCo draws through none of {names}", way_out),
    ]


def draw(backend: str, name: str, otherwise: Verdict, way_out: str) -> Finding:
    """Return how drawing through `backend` (MUJOCO_GL; empty for the system's own) went; `otherwise` if it failed."""
    environment = {"MUJOCO_GL": backend, "PYOPENGL_PLATFORM": backend} if backend else dict(os.environ)
    try:
        answer = child.ask("render", environment)
    except child.ProbeFailed as error:
        return Finding(f"MuJoCo, {name}", otherwise, f"does not draw: {error}", way_out)
    return Finding(
        f"MuJoCo, {name}", Verdict.OK, f"draws, {answer['milliseconds']} ms for a small 320 × 240 picture"
    )
