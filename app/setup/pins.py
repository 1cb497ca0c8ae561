"""Reads the pinned versions from pyproject.toml, the one place where they stand. Used by set-up and by `doctor`."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import operator
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.setup.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]
COMPARISONS: dict[type[ast.cmpop], Callable[[str, str], bool]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}


@dataclass(frozen=True)
class Pin:
    """One package at one version."""

    name: str
    version: str

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True)
class Pins:
    """All pins that hold on this machine, and a digest that changes when any of them does."""

    torch: Pin
    runtime: tuple[Pin, ...]
    dev: tuple[Pin, ...]
    without_dependencies: tuple[Pin, ...]

    def wanted(self, dev: bool) -> tuple[Pin, ...]:
        """Return every pin that a finished environment has, with or without the developers' tools."""
        return (self.torch, *self.runtime, *(self.dev if dev else ()), *self.without_dependencies)

    def digest(self, dev: bool) -> str:
        """Return a hash of what is to be installed, for the stamp of a finished set-up."""
        text = "\n".join(pin.requirement for pin in self.wanted(dev))
        return hashlib.sha256(text.encode()).hexdigest()


def read_pins(pyproject: Path = ROOT / "pyproject.toml") -> Pins:
    """Return the pins of pyproject.toml whose markers hold on this machine.

    Raises:
        SetupError: The file is not there, a dependency is not pinned with `==`, or torch is missing.
    """
    import tomllib  # here, since the doctor explains itself on a Python that has none

    try:
        data = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SetupError(
            str(pyproject), f"it cannot be read ({error})", way_out="Restore the file from git"
        ) from error
    runtime = parse_all(data["project"]["dependencies"])
    torch = [pin for pin in runtime if pin.name == "torch"]
    if len(torch) != 1:
        raise SetupError(
            str(pyproject), "it does not pin torch exactly once", way_out="Restore the file from git"
        )
    return Pins(
        torch=torch[0],
        runtime=tuple(pin for pin in runtime if pin.name != "torch"),
        dev=tuple(parse_all(data["project"]["optional-dependencies"]["dev"])),
        without_dependencies=tuple(parse_all(data["tool"]["touchstone"]["without-dependencies"])),
    )


def parse_all(requirements: list[str]) -> list[Pin]:
    """Return the pins among `requirements` whose markers hold here.

    Raises:
        SetupError: A requirement is not of the form `name==version` or `name==version; marker`.
    """
    pins = []
    for requirement in requirements:
        wanted, _, marker = requirement.partition(";")
        name, separator, version = (part.strip() for part in wanted.partition("=="))
        if not separator or not version:
            raise SetupError(
                f"requirement {requirement!r}", "it is not pinned with ==", way_out="Pin it in pyproject.toml"
            )
        if not marker.strip() or marker_holds(marker.strip()):
            pins.append(Pin(name, version))
    return pins


def marker_holds(marker: str) -> bool:
    """Evaluate an environment marker of `sys_platform` and `platform_machine` with ==, !=, and, or.

    Raises:
        SetupError: The marker uses anything else.
    """
    values = {"sys_platform": sys.platform, "platform_machine": platform.machine()}

    def value(node: ast.expr) -> str:
        if isinstance(node, ast.Name) and node.id in values:
            return values[node.id]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        raise SetupError(f"marker {marker!r}", "a value in it is not known here", options=values)

    def holds(node: ast.expr) -> bool:
        if isinstance(node, ast.BoolOp):
            parts = [holds(part) for part in node.values]
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
            return COMPARISONS[type(node.ops[0])](value(node.left), value(node.comparators[0]))
        raise SetupError(
            f"marker {marker!r}",
            "only ==, !=, and, or are understood",
            way_out="Simplify it in pyproject.toml",
        )

    return holds(ast.parse(marker, mode="eval").body)


def mismatches(pins: tuple[Pin, ...]) -> list[tuple[Pin, str | None]]:
    """Return the pins that this very environment does not meet, each with the version it has (None: not installed).

    A local part of a version is not compared: `2.13.0+cpu` meets the pin `2.13.0`.
    """
    wrong: list[tuple[Pin, str | None]] = []
    for pin in pins:
        try:
            have = importlib.metadata.version(pin.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append((pin, None))
            continue
        if have.partition("+")[0] != pin.version:
            wrong.append((pin, have))
    return wrong
