"""Role `keys`: makes the key pairs with which a rig is served to other machines, and says who is allowed.

Without options: the pairs of this machine, and its own client on the allow list.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.core.errors import UsageError, WireError
from app.core.wire.keys import (
    allowed_clients,
    check_name,
    key_folder,
    make_folder,
    read_pair,
    read_public,
    viewers,
    write_pair,
    write_public,
)

THIS_MACHINE = "this-machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `keys`."""
    parser.add_argument("--client", metavar="NAME", help="make keys for another machine, and let it in here")
    parser.add_argument("--allow", metavar="FILE", type=Path, help="let in the client of this .public file")
    parser.add_argument(
        "--view", action="store_true", help="with --client or --allow: it may look, and not command"
    )
    parser.add_argument("--name", help="under which name to let it in; the file's by default")
    parser.add_argument("--forget", metavar="NAME", help="let this client in no longer")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Make or change keys; returns the folder, what was made, and who is allowed."""
    if sum(choice is not None for choice in (args.client, args.allow, args.forget)) > 1:
        raise UsageError("keys", "it does one thing at a time", options=["--client", "--allow", "--forget"])
    if args.view and args.client is None and args.allow is None:
        raise UsageError("keys --view", "it says nothing of whom", options=["--client NAME", "--allow FILE"])
    folder = make_folder(key_folder())
    made = make_missing(folder)
    text = [f"Keys of this machine are in {folder}" + (f" (made: {', '.join(made)})." if made else ".")]
    if args.client is not None:
        text.append(make_client(folder, args.client, args.view))
    elif args.allow is not None:
        text.append(allow(folder, args.allow, args.name, args.view))
    elif args.forget is not None:
        text.append(forget(folder, args.forget))
    allowed = sorted(allowed_clients(folder).values())
    text.append(f"Allowed to connect: {', '.join(allowed) or 'nobody'}.")
    looking = sorted(viewers(folder).values())
    if looking:
        text.append(f"Allowed to look and not to command: {', '.join(looking)}.")
    return {
        "folder": str(folder),
        "made": made,
        "allowed": allowed,
        "viewers": looking,
        "text": "\n".join(text),
    }


def put(folder: Path, name: str, public: bytes, view: bool) -> None:
    """Enter a key on one of the two lists, and take it off the other."""
    here, other = ("viewers", "allowed") if view else ("allowed", "viewers")
    (folder / other / f"{name}.public").unlink(missing_ok=True)
    write_public(folder / here / f"{name}.public", public)


def make_missing(folder: Path) -> list[str]:
    """Make the pairs of server and client that are missing; returns their names. Existing ones must be private."""
    made = []
    for role in ("server", "client"):
        if (folder / f"{role}.secret").exists():
            read_pair(folder, role)
            continue
        pair = write_pair(folder, role)
        made.append(role)
        if role == "client":
            write_public(folder / "allowed" / f"{THIS_MACHINE}.public", pair.public)
    return made


def make_client(folder: Path, name: str, view: bool = False) -> str:
    """Make a folder of keys to carry to another machine, and let that machine in."""
    place = folder / "clients" / check_name(name)
    pair = write_pair(place, "client")
    write_public(place / "server.public", read_public(folder / "server.public"))
    put(folder, name, pair.public, view)
    return (
        f"Carry the folder {place} to {name} by a way that you trust (ssh, a memory stick), give it to "
        "Touchstone there with `--keys FOLDER`, and delete it here: its secret is that machine's."
    )


def allow(folder: Path, file: Path, name: str | None, view: bool = False) -> str:
    """Let in the client whose public key is in a file."""
    chosen = check_name(name or file.stem)
    put(folder, chosen, read_public(file), view)
    return f"{chosen} may {'look, and not command,' if view else 'connect'} from now on."


def forget(folder: Path, name: str) -> str:
    """Take a client off both lists; connections that stand stay until they end."""
    found = [folder / part / f"{check_name(name)}.public" for part in ("allowed", "viewers")]
    if not any(path.exists() for path in found):
        known = sorted({*allowed_clients(folder).values(), *viewers(folder).values()})
        raise WireError(f"client {name!r}", "it is not on the list", options=known)
    for path in found:
        path.unlink(missing_ok=True)
    return f"{name} may not connect any more. Start the server anew to end a connection that stands."
