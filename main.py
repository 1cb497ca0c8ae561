"""The one entry: `python main.py` opens the window, `python main.py ROLE …` is everything else.

Each role is a module with `add_arguments(parser)` and `run(args)`, which returns the role's JSON keys. Nothing heavy
is imported before the role is known.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import traceback
from typing import Any

from app.core.command_line import Parser, benches, overview, typed_roles
from app.core.errors import TouchstoneError, UsageError
from app.core.project import log_folder
from app.core.roles import ROLES


def build_parser() -> Parser:
    """Return the parser with the names of all roles; a role's own arguments are added when it is chosen."""
    parser = Parser(
        prog="main.py",
        description="Touchstone: teach robots contact-rich skills.",
        usage="python main.py [ROLE] [options]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=overview(),
    )
    parser.add_argument(
        "role", nargs="?", default="window", choices=list(ROLES), metavar="ROLE", help="one of those below"
    )
    return parser


def check_names(role: str, words: list[str]) -> None:
    """Leave with the valid names if there is no such role, or no such bench."""
    if role not in ROLES:
        build_parser().refuse("role", role, typed_roles())
    first = words[0] if words else "-"
    if role == "bench" and not first.startswith("-") and first not in (*benches(), "wire-peer"):
        Parser(prog="main.py bench").refuse("bench", first, benches())


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every role takes."""
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line of the output")
    parser.add_argument("--keys", metavar="FOLDER", help="keys of this machine; the person's own by default")
    parser.add_argument("--hub", help=argparse.SUPPRESS)
    parser.add_argument("--run-id", help=argparse.SUPPRESS)


def run_role(role: str, words: list[str]) -> dict[str, Any]:
    """Parse a role's own arguments and run it; returns its JSON keys."""
    module_name, about = ROLES[role]
    module = importlib.import_module(module_name)
    parser = Parser(prog=f"main.py {role}", description=about)
    module.add_arguments(parser)
    add_common_arguments(parser)
    args = parser.parse_args(words)
    if args.keys is not None:
        os.environ["TOUCHSTONE_KEYS"] = os.path.abspath(args.keys)  # children inherit it
    result: dict[str, Any] = module.run(args)
    return result


def report(result: dict[str, Any], as_json: bool) -> None:
    """Print a role's result: the JSON object as the last line, or its keys in words."""
    if as_json:
        print(json.dumps(result), flush=True)
    elif text := result.get("text") or "\n".join(f"{key}: {value}" for key, value in result.items()):
        print(text, flush=True)


def describe_mistake(role: str, error: Exception) -> str:
    """Write the traceback of an unexpected error to the log folder, and return one sentence that names the file."""
    path = log_folder() / f"{role}-{os.getpid()}.txt"
    path.write_text("".join(traceback.format_exception(error)))
    first = str(error).splitlines()[0] if str(error) else "no message"
    return f"{role}: an unexpected {type(error).__name__} ({first}). This is a mistake in Touchstone; details: {path}."


def fail(role: str, sentence: str, as_json: bool, status: int) -> int:
    """Tell why a role failed, to people and to programs; returns the exit status."""
    if as_json:
        print(json.dumps({"error": sentence, "role": role}), flush=True)
    print(sentence, file=sys.stderr, flush=True)
    return status


def main(arguments: list[str] | None = None) -> int:
    """Run one role; returns the exit status: 0 success, 1 an explained failure, 2 wrong usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    if words[:1] in (["-h"], ["--help"]):
        build_parser().parse_args(words)  # prints the roles, and leaves
    role = words.pop(0) if words and not words[0].startswith("-") else "window"
    if role == "bench" and words and f"bench-{words[0]}" in ROLES:  # Qt is for a process of its own
        role = f"bench-{words.pop(0)}"
    try:
        check_names(role, words)
        result = run_role(role, words)
        status = int(result.pop("exit_status", 0))
        report(result, as_json)
        return status
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 1
    except TouchstoneError as error:
        return fail(role, error.sentence(), as_json, 2 if isinstance(error, UsageError) else 1)
    except Exception as error:  # noqa: BLE001 - a mistake of ours: told in a sentence, the traceback goes to a file
        return fail(role, describe_mistake(role, error), as_json, 1)


def entry() -> None:
    """Entry point of the installed command."""
    sys.exit(main())


if __name__ == "__main__":
    entry()
