"""Key files for wires that leave this machine: CURVE pairs of server and client, and the list of allowed clients.

Used by `app.core.wire.sockets` and `app.core.wire.gate`; made by the role `keys`. Layout of the folder (mode 0700):

    server.secret, server.public    of the machine that serves devices
    client.secret, client.public    of the machine that connects
    allowed/NAME.public             clients that the server lets in; read again at every handshake
    viewers/NAME.public             clients that may look and not command; one that stands in both may only look

Each file holds one key of 40 characters (Z85, as ZeroMQ writes them). Secrets have mode 0600 and are refused otherwise.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
import zmq

from app.core.errors import WireError
from app.core.project import config_folder

FOLDER_VARIABLE = "TOUCHSTONE_KEYS"
KEY_CHARACTERS = 40
MAKE_KEYS = "Make keys with `python main.py keys`"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Pair(msgspec.Struct, frozen=True):
    """A CURVE key pair, Z85 text."""

    public: bytes
    secret: bytes


def key_folder() -> Path:
    """Return the folder of the keys: `TOUCHSTONE_KEYS` (`--keys`), or `keys` in the person's settings."""
    override = os.environ.get(FOLDER_VARIABLE)
    return Path(override) if override else config_folder() / "keys"


def check_name(name: str) -> str:
    """Return a client's name if it can be a file name.

    Raises:
        WireError: If it cannot.
    """
    if not _NAME.fullmatch(name):
        raise WireError(f"client name {name!r}", "it holds other than letters, digits, dots, dashes")
    return name


def make_folder(folder: Path) -> Path:
    """Make a folder that its owner alone can enter, or tighten the one that is there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def write_pair(folder: Path, role: str) -> Pair:
    """Make `role`.secret and `role`.public in a folder; the secret is never readable by others, not even shortly.

    Raises:
        WireError: If the secret exists; nothing is overwritten.
    """
    make_folder(folder)
    public, secret = zmq.curve_keypair()
    path = folder / f"{role}.secret"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise WireError(f"key {path}", "it exists", way_out="Move it away first") from error
    with os.fdopen(handle, "wb") as file:
        file.write(secret + b"\n")
    write_public(folder / f"{role}.public", public)
    return Pair(public, secret)


def write_public(path: Path, public: bytes) -> None:
    """Write one public key."""
    make_folder(path.parent)
    path.write_bytes(public + b"\n")


def read_public(path: Path) -> bytes:
    """Return the public key in a file.

    Raises:
        WireError: If there is none.
    """
    return _read(path)


def read_pair(folder: Path, role: str) -> Pair:
    """Return a key pair; the public half follows from the secret.

    Raises:
        WireError: If it is missing, malformed, or others than its owner can read it.
    """
    path = folder / f"{role}.secret"
    _require_private(folder, 0o022, "others can put keys into it", f"chmod 700 {folder}")
    _require_private(path, 0o077, "others can read it", f"chmod 600 {path}, or make new keys")
    secret = _read(path)
    try:
        return Pair(zmq.curve_public(secret), secret)
    except (zmq.ZMQError, ValueError) as error:
        raise WireError(f"key {path}", "it is no CURVE key", way_out=MAKE_KEYS) from error


def allowed_clients(folder: Path) -> dict[bytes, str]:
    """Return the public keys that a server lets in, with the names of their clients.

    Raises:
        WireError: If a file of the list is malformed, or others can write to the list.
    """
    return _listed(folder / "allowed")


def viewers(folder: Path) -> dict[bytes, str]:
    """Return the public keys of clients that may subscribe and ask, but not command, with their names.

    Raises:
        WireError: If a file of the list is malformed, or others can write to the list.
    """
    return _listed(folder / "viewers")


def _listed(place: Path) -> dict[bytes, str]:
    if not place.is_dir():
        return {}
    _require_private(place, 0o022, "others can put keys into it", f"chmod 700 {place}")
    return {_read(path): path.stem for path in sorted(place.glob("*.public"))}


def _require_private(path: Path, forbidden: int, cause: str, command: str) -> None:
    try:
        about = path.stat()
    except OSError as error:
        raise WireError(f"key {path}", "there is no such file", way_out=MAKE_KEYS) from error
    if os.name == "posix" and (about.st_mode & forbidden or about.st_uid not in (os.getuid(), 0)):
        raise WireError(
            f"key {path}", f"{cause} (mode {about.st_mode & 0o777:04o})", way_out=f"Run `{command}`"
        )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            key = file.read(1000).strip()
    except OSError as error:
        raise WireError(f"key {path}", "it cannot be read", way_out=MAKE_KEYS) from error
    if len(key) != KEY_CHARACTERS:
        raise WireError(
            f"key {path}",
            f"it holds {len(key)} characters where a key has {KEY_CHARACTERS}",
            way_out=MAKE_KEYS,
        )
    return key
