"""Keeps a `ClockMap` true by timed exchanges on a command socket. Used by `DeviceClient` and the window's I/O thread.

The question is the command `clock` {sent_ns}: when it was sent, in session time as the sender believes it, from which
the server learns how long this peer's messages take. The answer is the session time.
"""

from __future__ import annotations

import time

from app.core.clock import NS_PER_S, ClockMap
from app.core.ids import next_message_id
from app.core.wire.messages import SCHEMA_VERSION, Command, Reply

PERIOD_NS = NS_PER_S
FIRST_PERIOD_NS = NS_PER_S // 20  # until the first answers are there
FIRST = 8
PATIENCE_NS = 5 * NS_PER_S


class TimeKeeper:
    """Makes the questions and takes in the answers; whoever owns the socket sends and receives.

    Attributes:
        clock: The map.
        taken: Answers so far.
    """

    def __init__(self) -> None:
        self.clock = ClockMap()
        self.taken = 0
        self._asked: dict[int, int] = {}
        self._next_ns = 0

    def ask(self) -> Command:
        """Return a question to be sent at once."""
        now = time.monotonic_ns()
        self._asked = {key: sent for key, sent in self._asked.items() if now - sent < PATIENCE_NS}
        question = next_message_id()
        self._asked[question] = now
        self._next_ns = now + (PERIOD_NS if self.taken >= FIRST else FIRST_PERIOD_NS)
        return Command(SCHEMA_VERSION, question, "clock", {"sent_ns": self.clock.of(now)})

    def due(self) -> Command | None:
        """Return a question if it is time for the next one."""
        return self.ask() if time.monotonic_ns() >= self._next_ns else None

    def take(self, reply: Reply) -> bool:
        """Take in a reply; returns whether it answered one of our questions."""
        sent_ns = self._asked.pop(reply.id, None)
        if sent_ns is None:
            return False
        if reply.ok and isinstance(reply.result, int):
            self.clock.note(sent_ns, reply.result, time.monotonic_ns())
            self.taken += 1
        return True
