"""How long each peer's messages take at the least, so that a steady delay of its link does not count as age.

Set-points and enabling inputs carry stamps in session time, which is this server's clock: the sender maps its own clock
to it (`app.core.clock.ClockMap`). The map of a far sender is off by at most half a round trip, and its messages take
some time. Both are in `arrival − stamp`. The smallest of the last seconds is what the link always costs; what a message
took beyond that is age.

A peer cannot gain by it: stamps that are ahead make its own later messages look older, stamps that are behind give back
at most `MOST_NS`, and a peer that was not heard for `LEARN_NS` gets nothing, so that a queue that arrives after a stall
is as old as its stamps say.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_NS = 30_000_000  # of steady delay, one way; what a link takes beyond that counts as age
AHEAD_NS = 5_000_000  # stamps may be ahead by so much before the governor refuses them
LEARN_NS = 500_000_000
BUCKET_NS = 1_000_000_000
BUCKETS = 5  # clocks drift 1 ms in five seconds at the most
MOST_PEERS = 64


@dataclass
class Peer:
    """What is known of one connection: the smallest `arrival − stamp` of each of the last seconds, ns."""

    since_ns: int
    heard_ns: int
    smallest: dict[int, int] = field(default_factory=dict)


class Delays:
    """The least delays of all connections, by their identity on the command socket."""

    def __init__(self) -> None:
        self._peers: dict[bytes, Peer] = {}

    def note(self, identity: bytes, stamp_ns: int, now_ns: int) -> None:
        """Take in that a message which was made at `stamp_ns` arrived now."""
        peer = self._peers.pop(identity, None)
        if peer is None or now_ns - peer.heard_ns > BUCKETS * BUCKET_NS:
            peer = Peer(now_ns, now_ns)
            if len(self._peers) >= MOST_PEERS:
                del self._peers[next(iter(self._peers))]
        self._peers[identity] = peer  # the one that was heard last is at the end
        peer.heard_ns = now_ns
        number = now_ns // BUCKET_NS
        late_ns = now_ns - stamp_ns
        peer.smallest[number] = min(peer.smallest.get(number, late_ns), late_ns)
        if len(peer.smallest) > BUCKETS:
            peer.smallest = {key: value for key, value in peer.smallest.items() if key > number - BUCKETS}

    def of(self, identity: bytes) -> int:
        """Return by how much stamps of this connection are to be shifted, ns; 0 while it is not known well enough."""
        peer = self._peers.get(identity)
        if peer is None or peer.heard_ns - peer.since_ns < LEARN_NS:
            return 0
        return min(max(min(peer.smallest.values()), -AHEAD_NS), MOST_NS)

    def shift(self, identity: bytes, stamp_ns: int, lease_ns: int) -> int:
        """Return a stamp without the steady delay; one of before the lease stays what it is."""
        return stamp_ns if stamp_ns < lease_ns else stamp_ns + self.of(identity)
