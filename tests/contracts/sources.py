"""The source files of the project, parsed once, for the tests of this folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "widgets", "devices", "recorders", "resources")


@dataclass(frozen=True)
class Source:
    """One Python file.

    Attributes:
        path: Relative to the project's root, with forward slashes.
        text: What stands in it.
        tree: Its syntax tree.
    """

    path: str
    text: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[str, int]]:
        """Yield (dotted name, line) of every import, also of those inside functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module, node.lineno


@cache
def product() -> tuple[Source, ...]:
    """Return main.py and every file of our packages."""
    paths = [ROOT / "main.py", *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))]
    return tuple(read(path) for path in paths)


@cache
def below_tests() -> tuple[Source, ...]:
    """Return every file below tests/."""
    return tuple(read(path) for path in sorted((ROOT / "tests").rglob("*.py")))


def read(path: Path) -> Source:
    """Read and parse one file."""
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text, filename=str(path)))
