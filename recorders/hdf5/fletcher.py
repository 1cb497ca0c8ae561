"""The Fletcher-32 checksum as HDF5's filter keeps it behind each block, for blocks that HDF5 does not sum itself.

Formula: J. G. Fletcher, "An Arithmetic Checksum for Serial Transmissions" (1982), over big-endian words of 16 bits with
sums from zero, modulo 65535 in ones' complement (a sum that is not zero is never kept as zero). A word with its bytes
swapped is 256 times the word modulo 65535, so words are summed as this machine reads them. Used by
`recorders.hdf5.chunks` and `recorders.salvaged_stream`.
"""

from __future__ import annotations

import numpy as np

CHECKSUM_BYTES = 4  # behind each block, little-endian
_ROW = 256  # words that are summed across and down: far less work than a product with each word's place
_PIECE = 1 << 23  # bytes at a time: sums of columns stay below 2**32
_MODULUS, _SWAP = 65535, 256


def fletcher32(data: bytes | bytearray | memoryview) -> int:
    """Return the checksum of some bytes; an odd one at the end counts as the upper half of a word."""
    view = memoryview(data).cast("B")
    total = weighted = 0
    for start in range(0, len(view), _PIECE):
        part = view[start : start + _PIECE]
        words = np.frombuffer(bytes(part) + b"\0" if len(part) % 2 else part, dtype="<u2")
        more, more_weighted = _sums(words)
        weighted += len(words) * total + more_weighted
        total += more
    return _folded(weighted * _SWAP) << 16 | _folded(total * _SWAP)


def _sums(words: np.ndarray) -> tuple[int, int]:
    """Return the sum of words (n,), and the sum in which each counts as often as there are words from it on."""
    count = len(words)
    whole = count // _ROW * _ROW
    table = words[:whole].reshape(-1, _ROW)
    rows = table.sum(axis=1, dtype=np.uint32).astype(np.int64)
    columns = table.sum(axis=0, dtype=np.uint32).astype(np.int64)
    rest = words[whole:].astype(np.int64)
    total = int(rows.sum()) + int(rest.sum())
    places = _ROW * int(np.arange(len(rows)) @ rows) + int(np.arange(_ROW) @ columns)
    places += int(np.arange(whole, count) @ rest)
    return total, count * total - places


def _folded(value: int) -> int:
    return (value - 1) % _MODULUS + 1 if value else 0
