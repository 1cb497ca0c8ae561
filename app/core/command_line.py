"""The command line's own words: the list of roles, defaults in the help, and what to do after wrong usage.

Used by `main` before anything heavy is imported: standard library only.
"""

from __future__ import annotations

import argparse
import difflib
import textwrap
from collections.abc import Iterable
from typing import Any, NoReturn

from app.core.errors import UsageError
from app.core.roles import ROLES

WIDTH = 100
INNER, TYPED = "(started by", "(typed as"  # how the table of roles marks those that nobody types by that name
BENCH = "bench-"
OWN_BENCHES = ("wire", "record")  # of the role `bench` itself
# What stands behind these names is the same in every role; said here where a role says nothing of its own.
SAME = {
    "--rig": "name of a rig, or path of a rig file",
    "--seed": "the same seed gives the same result",
    "--data": "data folder",
    "--theme": "colours of the window",
}


class Formatter(argparse.HelpFormatter):
    """Help with defaults, also where a role does not write them itself."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=WIDTH)

    def add_argument(self, action: argparse.Action) -> None:
        """Take in an argument; one without a text of its own gets that of its name."""
        if action.help is None:
            known = (SAME[name] for name in action.option_strings if name in SAME)
            action.help = next(known, "(default: %(default)s)" if _has_default(action) else None)
        super().add_argument(action)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = action.help or ""
        if not _has_default(action) or "default" in text:
            return action.help
        return f"{text} (default: %(default)s)"


class Parser(argparse.ArgumentParser):
    """Raises wrong usage as our own error, with the nearest valid word and the way to the help."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"formatter_class": Formatter, **options})

    def error(self, message: str) -> NoReturn:
        """Raise a `UsageError` with what argparse found wrong."""
        raise self._error(f"{message}.{self._meant(message)}")

    def _error(self, cause: str, valid: Iterable[str] = ()) -> UsageError:
        way_out = f"Run `python {self.prog} --help` for all it takes"
        return UsageError(self.prog, cause, options=valid, way_out=way_out)

    def refuse(self, kind: str, name: str, valid: Iterable[str]) -> NoReturn:
        """Raise that nothing is called `name`; the nearest valid one is told, or all.

        Raises:
            UsageError: Always.
        """
        names = list(valid)
        near = difflib.get_close_matches(name, names, 1)
        hint = f". Did you mean {near[0]}?" if near else ""
        raise self._error(f"there is no {kind} {name!r}{hint}", () if near else names)

    def _meant(self, message: str) -> str:
        """Return a question that names the valid words nearest to the unrecognised ones, if any is near."""
        _, found, rest = message.partition("unrecognized arguments: ")
        strange = [word.partition("=")[0] for word in rest.split() if word.startswith("-")] if found else []
        near = [difflib.get_close_matches(word, self._option_string_actions, 1) for word in strange]
        names = list(dict.fromkeys(name for names in near for name in names))
        return f" Did you mean {', '.join(names)}?" if names else ""


def _has_default(action: argparse.Action) -> bool:
    """Tell whether an argument has a default that says something in a help text."""
    default = action.default
    return action.nargs != 0 and (default == 0 or bool(default)) and default is not argparse.SUPPRESS


def benches() -> list[str]:
    """Return what can follow `bench`; those that are roles of their own are typed without the hyphen."""
    return [
        *OWN_BENCHES,
        *(name[len(BENCH) :] for name in ROLES if name.startswith(BENCH) and _is_typed(name)),
    ]


def _is_typed(bench: str) -> bool:
    return TYPED in ROLES[bench][1]


def typed_roles() -> dict[str, str]:
    """Return the roles that a person types, with what they do."""
    return {name: about for name, (_, about) in ROLES.items() if INNER not in about and TYPED not in about}


def overview() -> str:
    """Return what `main.py --help` prints below the usage: the roles that a person types, one on each line."""
    typed = typed_roles()
    inner = [name for name, (_, about) in ROLES.items() if INNER in about and not name.startswith(BENCH)]
    return "\n".join(
        (
            "roles:",
            *(f"  {name:<12} {about}" for name, about in typed.items()),
            "",
            *textwrap.wrap(f"bench: {', '.join(benches())}", WIDTH - 2),
            *textwrap.wrap(f"started by these, not by hand: {', '.join(inner)}", WIDTH - 2),
            "",
            "Without a role the window opens. `python main.py ROLE --help` says what a role takes.",
        )
    )
