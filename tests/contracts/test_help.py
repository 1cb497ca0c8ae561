"""What the help pages tell a person to type, to open and to read exists."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.core.command_line import Parser, typed_roles
from app.core.roles import ROLES
from main import add_common_arguments

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "resources" / "help" / "decisions"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "resources" / "help").glob("*.md"))]
POLICIES = sorted((ROOT / "app" / "learning" / "policies").glob("*/README.md"))
ENTRY = "python main.py"
THEIRS = "tensorboard"  # a command of its own package too
NUMBERS = {"N", "S", "SECONDS"}  # stand for a number in the pages


def commands(text: str) -> Iterator[str]:
    """Yield what a page tells to type: lines of code blocks, and inline code that begins with the entry or a role.

    What begins with a role is seldom a whole command: it gets an ellipsis.
    """
    for line in text.splitlines():
        if line.strip().startswith(ENTRY):
            yield line.strip().partition(" #")[0]
    for code in re.findall(r"`([^`\n]+)`", text):
        first = code.split()[0] if code.split() else ""
        if code.startswith(ENTRY):
            yield code
        elif first in typed_roles() and " -" in code and first != THEIRS:
            yield f"{ENTRY} {code} …"


def typed(command: str) -> list[str]:
    """Return the words of a command as a person would type them: the first choice, with what is optional."""
    bare = re.sub(r"[\[\]{}]", "", command.split("`")[0].removeprefix(ENTRY))
    words = [word if "://" in word else word.split("|")[0] for word in shlex.split(bare)]
    return ["1" if word in NUMBERS else word for word in words]


@cache
def parser_of(role: str) -> Parser:
    parser = Parser(prog=role)
    importlib.import_module(ROLES[role][0]).add_arguments(parser)
    add_common_arguments(parser)
    return parser


def check(command: str) -> None:
    """Parse a command; one that leaves something out ("…") needs options that there are."""
    words = typed(command)
    role = words.pop(0) if words and not words[0].startswith("-") else "window"
    if role == "bench" and f"bench-{words[0]}" in ROLES:
        role = f"bench-{words.pop(0)}"
    assert role in ROLES, command
    parser = parser_of(role)
    if "…" in words:
        unknown = {word for word in words if word.startswith("--")} - set(parser._option_string_actions)
        assert not unknown, command
    else:
        parser.parse_args(words)


@pytest.mark.parametrize("page", [*PAGES, *POLICIES], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_of_a_page_is_one_that_the_program_takes(page: Path) -> None:
    for command in commands(page.read_text()):
        if "ROLE" not in command:
            check(command)


def test_the_check_finds_what_is_wrong() -> None:
    assert list(commands("    python main.py serve --rig a   # real time\nsee `train --ray H:P`")) == [
        "python main.py serve --rig a  ", "python main.py train --ray H:P …",
    ]  # fmt: skip
    for wrong in (
        "python main.py serve --rgi a",
        "python main.py trian demos",
        "python main.py train … --wrokers 1",
    ):
        with pytest.raises(Exception, match=r"rgi|trian|wrokers"):
            check(wrong)


@pytest.mark.parametrize("page", [*PAGES, *sorted(DECISIONS.glob("*.md"))], ids=lambda page: page.stem)
def test_links_files_and_records_of_a_page_are_there(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert target.startswith("http") or (page.parent / target).exists(), target
    for path in re.findall(r"`((?:app|widgets|devices|recorders|tests)/[\w/.-]+)`", text):
        assert (ROOT / path).exists() or list(ROOT.glob(f"{path}*")), path
    for number in re.findall(r"(?:[Rr]ecord|[Dd]ecision) (\d{4})", text):
        assert list(DECISIONS.glob(f"{number}-*")), number


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_table_of_a_page_has_a_head(page: Path) -> None:
    """Rows after an empty line are no table any more: they are shown as bars and words."""
    for block in re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE):
        lines = block.splitlines()
        assert len(lines) >= 2, lines[0]
        assert set(lines[1]) <= set("|-: "), lines[0]
        assert len({line.replace(r"\|", "").count("|") for line in lines[:2]}) == 1, lines[0]
