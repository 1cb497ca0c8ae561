"""Which arms a policy drives, and where vision says the work is: by the names of the streams. Free of torch.

All numbers of several arms stand side by side, the first arm's first: motion, wrench, field, commands, actions. The
first arm's features have no prefix, so that a policy for one arm is what it was before there were several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from app.core.sensors import touches_of
from app.core.wire.messages import ServerInfo

FIRST = "arm"
VISION = "vision/"
STAIN = "vision/stain"
MOST_ARMS = 8


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The streams of a rig that a policy knows.

    Attributes:
        arms: The `device` of each arm's signals, `arm` first; its finger is `finger` with the same ending.
        place: The stream of vision's estimate of where the work is: x y z (m) and yaw (rad), base frame.
    """

    arms: tuple[str, ...] = (FIRST,)
    place: str = STAIN

    @property
    def fingers(self) -> tuple[str, ...]:
        """The `device` of each arm's touch signals."""
        return tuple("finger" + arm.removeprefix(FIRST) for arm in self.arms)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the names of each arm's features begin with."""
        return ("", *(f"{arm} " for arm in self.arms[1:]))

    def of_arms(self, signal: str) -> tuple[str, ...]:
        """Return the topic of a signal of each arm."""
        return tuple(f"{arm}/{signal}" for arm in self.arms)

    def of_fingers(self, signal: str) -> tuple[str, ...]:
        """Return the topic of a signal of each finger."""
        return tuple(f"{finger}/{signal}" for finger in self.fingers)

    @property
    def topics(self) -> tuple[str, ...]:
        """What has to be heard before the policy acts."""
        return (
            *self.of_arms("pose"), *self.of_arms("applied"), *self.of_fingers("wrench"), *self.of_fingers("field"),
            self.place,
        )  # fmt: skip

    def markers(self, info: ServerInfo) -> int:
        """Return how many touch markers a rig has on these fingers."""
        if len(self.arms) == 1:
            return len(info.markers_m) // 3
        offered = {touch.name: len(touch.markers_m) // 3 for touch in touches_of(info)}
        return sum(offered.get(finger, 0) for finger in self.fingers)

    def problem(self) -> str:
        """Return why there can be no such layout; empty if there can."""
        if not 1 <= len(self.arms) <= MOST_ARMS or self.arms[0] != FIRST:
            return f"its arms are {', '.join(self.arms) or 'none'}"
        if len(set(self.arms)) < len(self.arms) or not all(arm.startswith(FIRST) for arm in self.arms):
            return f"its arms {', '.join(self.arms)} are not all different and named arm…"
        return "" if self.place.startswith(VISION) else f"its place is told by {self.place!r}"


ONE_ARM = Layout()


def layout_of(topics: Iterable[str], public: Sequence[str] | None = None) -> Layout:
    """Return the layout of a recording or a rig with these streams.

    Args:
        topics: All streams.
        public: Those that are no task's true state; all by default.
    """
    known = set(topics)
    arms = {topic.removesuffix("/applied") for topic in known if topic.endswith("/applied")}
    others = sorted(arm for arm in arms if arm.startswith(FIRST) and arm != FIRST)
    seen = sorted(topic for topic in (known if public is None else public) if topic.startswith(VISION))
    return Layout((FIRST, *others), STAIN if STAIN in known or len(seen) != 1 else seen[0])
