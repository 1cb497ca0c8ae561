"""Installs missing system packages with apt: asks first, says what for, uses sudo only where it must."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

from app.setup.errors import SetupError
from app.setup.libraries import SystemNeed


def install(needs: list[SystemNeed]) -> None:
    """Install the packages of `needs`, after asking unless the person is root already.

    Raises:
        SetupError: They cannot be installed from here (no apt, nobody to ask, refused, or apt failed); the message has
            the exact command.
    """
    packages = sorted({need.package for need in needs})
    command = shlex.join(["apt-get", "install", "--no-install-recommends", *packages])
    print("This machine lacks system packages:", flush=True)
    for package in packages:
        names = ", ".join(sorted({need.name for need in needs if need.package == package}))
        purposes = "; ".join(sorted({need.purpose for need in needs if need.package == package}))
        print(f"  {package:22} for {purposes} ({names})", flush=True)
    if shutil.which("apt-get") is None:
        names = ", ".join(need.name for need in needs)
        raise SetupError(
            "system packages",
            "there is no apt-get here",
            way_out=f"Install what brings {names} with your package manager",
        )
    prefix = [] if os.geteuid() == 0 else ask_for_sudo(command)
    run([*prefix, "apt-get", "update", "-qq"], command)
    install_words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *install_words], command)


def ask_for_sudo(command: str) -> list[str]:
    """Return the sudo prefix once the person has agreed.

    Raises:
        SetupError: There is no sudo, nobody to ask, or the person said no.
    """
    way_out = f"Run `sudo {command}`, then the same command again"
    if shutil.which("sudo") is None:
        raise SetupError(
            "system packages",
            "installing them needs root, and there is no sudo",
            way_out=f"As root: `{command}`",
        )
    if not sys.stdin.isatty():
        raise SetupError(
            "system packages",
            "installing them needs sudo, and nobody is at the terminal to ask",
            way_out=way_out,
        )
    answer = input(f"Install them now with `sudo {command}`? [Y/n] ").strip().lower()
    if answer not in ("", "y", "yes"):
        raise SetupError("system packages", "you chose not to install them now", way_out=way_out)
    return ["sudo"]


def run(words: list[str], command: str) -> None:
    """Run one apt step with its output shown.

    Raises:
        SetupError: It failed.
    """
    status = subprocess.run(words, check=False).returncode
    if status != 0:
        raise SetupError(
            shlex.join(words),
            f"it ended with status {status}",
            way_out=f"Look at its message above; by hand: `sudo {command}`",
        )
