"""The Fletcher-32 checksum as HDF5's filter keeps it behind each block, for blocks that are read without HDF5.

Formula: J. G. Fletcher, "An Arithmetic Checksum for Serial Transmissions" (1982), over big-endian words of 16 bits with
sums from zero, modulo 65535 in ones' complement (a sum that is not zero is never kept as zero). Used by
`recorders.hdf5.second_index`.
"""

from __future__ import annotations

import numpy as np

CHECKSUM_BYTES = 4  # behind each block, little-endian
_WORDS = 1 << 16  # at a time: sums of products stay far below 2**63
_MODULUS = 65535


def fletcher32(data: bytes | memoryview) -> int:
    """Return the checksum of some bytes; an odd one at the end counts as the upper half of a word."""
    view = memoryview(data).cast("B")
    words = np.frombuffer(view[: len(view) // 2 * 2], dtype=">u2")
    if len(view) % 2:
        words = np.append(words, np.uint16(view[-1] << 8))
    total = weighted = 0
    for start in range(0, len(words), _WORDS):
        part = words[start : start + _WORDS].astype(np.int64)
        count = len(part)
        # each word is in the second sum as often as there are words from it on
        weighted += count * total + int(part @ np.arange(count, 0, -1, dtype=np.int64))
        total += int(part.sum())
    return _folded(weighted) << 16 | _folded(total)


def _folded(value: int) -> int:
    return (value - 1) % _MODULUS + 1 if value else 0
