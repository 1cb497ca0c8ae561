"""Identifiers: run ids, take and episode uuids, message ids."""

from __future__ import annotations

import itertools
import os
import secrets
import time

_counter = itertools.count(1)


def new_uuid() -> str:
    """Return a UUIDv7 as text: its first 48 bits are milliseconds since 1970, so names sort by time."""
    millis = int(time.time() * 1000) & ((1 << 48) - 1)
    bits = (millis << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_run_id(role: str) -> str:
    """Return an id for one run of one process: role, process id and a few random characters."""
    return f"{role}-{os.getpid()}-{secrets.token_hex(3)}"


def next_message_id() -> int:
    """Return a number that is unique within this process."""
    return next(_counter)
