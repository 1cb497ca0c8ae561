"""Where the bytes of a data set lay before it was written, and whether they are the same.

The pictures of a take are compared with the journal byte by byte this way: more is seen than by a digest that was taken
of a copy of them, and it costs a fifth. Used by the writer (notes the places) and the verifier (compares).
"""

from __future__ import annotations

from array import array

import numpy as np


class Origin:
    """The pieces that make a data set, one after the other; each piece is of another place in the source."""

    def __init__(self) -> None:
        self._places, self._ends = array("q"), array("q", [0])
        self.known = True

    def add(self, place: int, size: int) -> None:
        """Note the next piece.

        Args:
            place: Its first byte in the source; 0 = it is of no source, so that nothing can be compared.
            size: Its length in bytes.
        """
        self.known = self.known and place > 0
        self._places.append(place)
        self._ends.append(self._ends[-1] + size)

    @property
    def size(self) -> int:
        """Bytes of all pieces together."""
        return self._ends[-1]

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first byte of each piece in the source (n,) and the ends of the pieces, from 0 on (n+1,)."""
        return np.array(self._places, dtype=np.int64), np.array(self._ends, dtype=np.int64)


class Comparison:
    """Compares a data set, which comes block by block, with where it is from.

    Args:
        origin: Of the data set.
        source: All bytes of the source.

    Attributes:
        same: Whether everything so far was the same.
    """

    def __init__(self, origin: Origin, source: memoryview) -> None:
        self._places, self._ends = origin.places()
        self._source = np.frombuffer(source, dtype=np.uint8)
        self._at = 0
        self.same = True

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Compare the next block."""
        block, begin = np.frombuffer(data, dtype=np.uint8), self._at
        self._at += len(block)
        if not self.same or self._at > self._ends[-1]:
            self.same = False
            return
        first = int(np.searchsorted(self._ends, begin, side="right")) - 1
        at, piece = begin, first
        while at < self._at:
            stop = min(int(self._ends[piece + 1]), self._at)
            place = int(self._places[piece]) + at - int(self._ends[piece])
            if not np.array_equal(block[at - begin : stop - begin], self._source[place : place + stop - at]):
                self.same = False
                return
            at, piece = stop, piece + 1

    @property
    def complete(self) -> bool:
        """Whether all pieces were there, and the same."""
        return self.same and self._at == self._ends[-1]
