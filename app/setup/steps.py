"""The steps of set-up in their order, and its command line. Nothing is done twice: a second run takes a moment."""

from __future__ import annotations

import argparse
import time

from app.setup import apt, libraries
from app.setup.accelerator import find_accelerator
from app.setup.display import find_display
from app.setup.environment import Environment
from app.setup.errors import SetupError
from app.setup.pins import ROOT, Pins, read_pins
from app.setup.torch_build import sources


def run(arguments: list[str]) -> None:
    """Set this machine up.

    Raises:
        SetupError: It cannot be, for a reason that the message explains.
    """
    parser = argparse.ArgumentParser(
        prog="python3 -m app.setup", description="Set Touchstone up on this machine."
    )
    parser.add_argument("--dev", action="store_true", help="also install what the tests need")
    parser.add_argument(
        "--display", action="store_true", help="stop first if there is no screen for the window"
    )
    parser.add_argument("--venv", default=str(ROOT / ".venv"), help="folder of the virtual environment")
    options = parser.parse_args(arguments)
    if options.display:
        require_display()
    pins = read_pins()
    environment = Environment(folder=ROOT / options.venv)
    install_system_packages(options.dev, needs_venv=not environment.python.exists())
    if not environment.is_complete(pins, options.dev):
        fill(environment, pins, options.dev)


def require_display() -> None:
    """Stop early where no window can open.

    Raises:
        SetupError: There is no display.
    """
    found, words = find_display()
    if not found:
        raise SetupError(
            "display",
            f"no window can open here: {words}",
            way_out="Run `make demo`, which goes through the whole loop without a display; or log in to a desktop, "
            "or connect with `ssh -X`, and run `make run` again",
        )


def install_system_packages(dev: bool, needs_venv: bool) -> None:
    """Install what the system lacks, and check that it then is there.

    Raises:
        SetupError: Something is still missing.
    """
    needs = libraries.missing(dev) + (libraries.missing_venv() if needs_venv else [])
    if not needs:
        return
    apt.install(needs)
    left = libraries.missing(dev)
    if left:
        names = ", ".join(need.name for need in left)
        raise SetupError("system packages", f"apt installed them, but {names} cannot be found or loaded")


def fill(environment: Environment, pins: Pins, dev: bool) -> None:
    """Make the environment and install torch, then everything pinned, then the packages without their dependencies.

    Raises:
        SetupError: A step failed.
    """
    began = time.monotonic()
    say(f"[1/4] virtual environment {environment.folder}")
    environment.create()
    install_torch(environment, pins)
    rest = [pin.requirement for pin in (pins.torch, *pins.runtime, *(pins.dev if dev else ()))]
    say(f"[3/4] {len(rest) - 1} pinned packages")
    require(environment.install(*rest), "pinned packages")
    alone = [pin.requirement for pin in pins.without_dependencies]
    say(f"[4/4] {', '.join(alone)}, without what it declares")
    require(environment.install("--no-deps", *alone), ", ".join(alone))
    unmet = environment.unmet(pins.wanted(dev))
    if unmet:
        raise SetupError(
            "pinned packages", f"installed, but {', '.join(unmet)}", way_out="`make clean`, then try again"
        )
    environment.mark_complete(pins, dev)
    say(f"Set-up finished in {time.monotonic() - began:.0f} s.")


def install_torch(environment: Environment, pins: Pins) -> None:
    """Install torch from the first source that has it.

    Raises:
        SetupError: None has.
    """
    if not environment.unmet((pins.torch,)):
        say(f"[2/4] {pins.torch.requirement} is there")
        return
    for source in sources(pins.torch, find_accelerator()):
        say(f"[2/4] {source.said}")
        if environment.install(*source.arguments, may_fail=source.may_fail):
            return
        say("      not to be had there")
    require(False, pins.torch.requirement)


def require(done: bool, what: str) -> None:
    """Stop with an explanation if a pip step failed.

    Raises:
        SetupError: `done` is False.
    """
    if not done:
        raise SetupError(
            what,
            "pip could not install it; its own message stands above",
            way_out="Check the network and pip's configuration (`.venv/bin/pip config list`), then run the same "
            "command again: it goes on where it stopped",
        )


def say(words: str) -> None:
    """Tell the person what is happening, at once."""
    print(words, flush=True)
