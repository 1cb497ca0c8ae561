"""Reads mutated copies of an episode until told numbers are done; run as a process of its own by `test_fuzz.py`.

Arguments: the whole episode, a scratch file, first and last number. Prints one JSON line per number:
[number, what came of it]: "whole" (read, and every byte right), "damaged" (read, and the damage named), "refused".
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from app.core.errors import EpisodeError
from app.exchange.limits import Limits


def mutated(data: bytes, number: int) -> bytes:
    """Return a copy with damage that follows from the number: bits, bytes, blocks, or a cut."""
    chance = random.Random(number)
    copy = bytearray(data)
    kind = chance.randrange(6)
    head = min(len(copy), 4096) if chance.random() < 0.5 else len(copy)  # structure lies at the beginning
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        at = chance.randrange(head)
        if kind == 0:
            copy[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            copy[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            copy[at : at + 8] = chance.choice((0, 2**31, 2**32 - 1, 2**63, 2**64 - 1)).to_bytes(8, "little")
        elif kind == 3:
            size = chance.randrange(1, 512)
            copy[at : at + size] = chance.randbytes(size)
        elif kind == 4:
            other, size = chance.randrange(len(copy)), chance.randrange(1, 256)
            copy[at : at + size] = copy[other : other + size]
    return bytes(copy[: chance.randrange(len(copy))]) if kind == 5 else bytes(copy)


def look(path: Path) -> str:
    """Open an episode and read every byte of it."""
    from recorders.reader import EpisodeFile

    try:
        with EpisodeFile(path) as episode:
            problems = episode.problems()
            for topic in episode.topics:
                episode.times_ns(topic)
        return "damaged" if problems else "whole"
    except EpisodeError as error:
        return "refused" if str(path) in error.sentence() else "refused without a name"


def main() -> None:
    source, scratch, first, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    Limits(2 << 30, 3600).apply()
    data = source.read_bytes()
    for number in range(first, last):
        scratch.write_bytes(mutated(data, number))
        print(json.dumps([number, "begins"]), flush=True)
        print(json.dumps([number, look(scratch)]), flush=True)


if __name__ == "__main__":
    main()
