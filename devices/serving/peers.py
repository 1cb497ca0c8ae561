"""Who may ask what of a device server, and who is not heard any more.

On a guarded socket ZeroMQ tells with each message which key its connection was let in with (`app.core.wire.gate`). A
key that may only look gets the commands of `LOOKING`, and the streams. A connection of any kind that sends more than
`MOST_BAD` messages in a second that mean nothing is cut off: for `CUT_S` what it sends is thrown away unread, and its
key opens no other connection. (ZeroMQ offers no way to close one connection of a socket.)
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import zmq

from app.core.wire.client import KIND_COMMAND
from app.core.wire.gate import VIEWER, Gate

LOOKING = frozenset({"describe", "sync", "clock", "status"})
MOST_BAD, SPAN_S, CUT_S = 100, 1.0, 5.0
MOST_PEERS = 1024


@dataclass
class Record:
    """Bad messages of one connection: when the present second began, how many since, and until when it is cut off."""

    since_s: float
    bad: int = 0
    cut_until_s: float = 0.0
    user: str = ""


class Peers:
    """The connections of one command socket. `gate` is None on this machine's own addresses: everybody may command."""

    def __init__(self, gate: Gate | None) -> None:
        self._gate = gate
        self._records: dict[bytes, Record] = {}

    def user_of(self, frame: zmq.Frame) -> str:
        """Return the name of the key that a message came in with; empty where there are no keys."""
        return str(frame.get("User-Id")) if self._gate is not None else ""

    def is_cut_off(self, identity: bytes) -> bool:
        """Whether messages of this connection are thrown away now."""
        record = self._records.get(identity)
        return record is not None and record.cut_until_s > time.monotonic()

    def may(self, user: str, kind: bytes, command: str = "") -> bool:
        """Whether the owner of a key may send messages of this kind, or this command."""
        return not user.startswith(VIEWER) or (kind == KIND_COMMAND and command in LOOKING)

    def note_bad(self, identity: bytes, user: str, address: str) -> str:
        """Count a message that meant nothing; returns what to tell the person if its sender is cut off by it."""
        now = time.monotonic()
        record = self._records.get(identity)
        if record is None:
            if len(self._records) >= MOST_PEERS:
                del self._records[next(iter(self._records))]
            record = self._records[identity] = Record(now)
        if now - record.since_s > SPAN_S:
            record.since_s, record.bad = now, 0
        record.bad += 1
        if record.bad <= MOST_BAD:
            return ""
        record.bad, record.cut_until_s = 0, now + CUT_S
        if self._gate is not None:
            self._gate.deny(user, CUT_S)
        who = f"{user.removeprefix(VIEWER)} at {address}" if user else f"at {address}"
        return (
            f"A client {who} sent more than {MOST_BAD} messages in a second that mean nothing; "
            f"it is not heard for {CUT_S:g} s."
        )
