"""Role `shots`: a picture of each workspace of the real window, driven by real data: the README shows these.

The window is opened as a person would open it. On a project without episodes a scripted operator records some first.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import ProcessError, UsageError
from app.core.rig import load_rig
from app.setup.display import find_display
from widgets.application import THEME_NAMES, make_application
from widgets.unattended import Unattended

if TYPE_CHECKING:
    from widgets.session import Session

EPISODES = 3
RECORD_S = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `shots`."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    parser.add_argument("--rig", default="sim/wipe")
    parser.add_argument(
        "--data", type=Path, default=None, help="project folder; a folder in --out by default"
    )
    parser.add_argument("--theme", choices=THEME_NAMES, default="dark")
    parser.add_argument("--size", default="1600x1000", help="WIDTHxHEIGHT of the window in pixels")
    parser.add_argument("--only", default="", help="names of workspaces, with commas between")


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height from "1600x1000".

    Raises:
        UsageError: If the text is no such pair.
    """
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()) or int(width) < 1100 or int(height) < 680:
        raise UsageError(
            f"--size {text}", "it is no size of the window", options=["WIDTHxHEIGHT from 1100x680 on"]
        )
    return int(width), int(height)


def check_names(text: str, titles: list[str]) -> list[str]:
    """Return the names of workspaces from "collect,review".

    Raises:
        UsageError: If there is no such workspace.
    """
    names = [name.strip() for name in text.lower().split(",") if name.strip()]
    if strange := [name for name in names if name not in titles]:
        raise UsageError(f"--only {', '.join(strange)}", "there is no such workspace", options=titles)
    return names


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Take the pictures; returns their files."""
    load_rig(args.rig)
    width, height = parse_size(args.size)
    args.out.mkdir(parents=True, exist_ok=True)
    if not find_display()[0]:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["XDG_CONFIG_HOME"] = str(args.out / ".settings")  # the person's own layout stays as it is
    make_application()
    from widgets.session import open_session

    session = open_session(args.rig, args.data or args.out / "project", args.theme, autostart=False)
    tour = Tour(session, args.out)
    try:
        session.window.resize(width, height)
        session.window.show()
        names = check_names(args.only, [page.title.lower() for page in session.window.pages])
        if names != ["collect"]:  # Collect records its own
            tour.record_if_empty()
        files = tour.visit(names)
        tour.end()
    finally:
        session.close()
    return {"files": [str(file) for file in files]}


class Tour(Unattended):
    """Goes through the workspaces of a window and keeps a picture of each."""

    def __init__(self, session: Session, out: Path) -> None:
        super().__init__(session, "shots")
        self._out = out

    def record_if_empty(self) -> None:
        """Record episodes in lock-step if the project has none: Review, Augment and Train need some."""
        from widgets.showcase import has_demonstrations

        context = self._session.context
        if has_demonstrations(context):
            return
        folder = str(context.project.demonstrations)
        words = ["--rig", context.rig.name, "--operator", "script", "--fast", "--episodes", str(EPISODES)]
        job = context.jobs.start("collect", *words, "--data", folder)
        ends: list[tuple[int, str]] = []
        job.ended.connect(lambda status, said: ends.append((status, said)))
        self.wait(lambda: bool(ends), f"{EPISODES} recorded episodes", RECORD_S)
        if ends[0][0] != 0:
            raise ProcessError("shots", f"recording ended with status {ends[0][0]}: {ends[0][1]}")

    def visit(self, names: list[str]) -> list[Path]:
        """Open each workspace (or those named), play its showcase, and return the pictures' files."""
        from widgets.showcase import Pause, Picture, Wait, steps_of

        window = self._session.window
        files: list[Path] = []
        for index, page in enumerate(window.pages):
            name = page.title.lower()
            if names and name not in names:
                continue
            window.open_page(index)
            for step in steps_of(page):
                if isinstance(step, Wait):
                    self.wait(step.condition, f"{page.title}: {step.what}", step.timeout_s)
                elif isinstance(step, Pause):
                    self.pause(step.seconds)
                elif isinstance(step, Picture):
                    files.append(self.take(name))
        return files

    def take(self, name: str) -> Path:
        """Keep a picture of the whole window."""
        path = self._out / f"{name}.png"
        if not self._session.window.grab().save(str(path)):
            raise ProcessError(
                f"picture {path}", "it cannot be written", way_out="See whether the disk is full"
            )
        return path
