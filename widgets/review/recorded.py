"""What was known at one time of an episode, as the same `Live` that the rig's views draw. No Qt in here.

The samples run through `LiveReader` as they did when they came, from one touch field to the next, so that slip and
over-force are judged alike. Nothing is smoothed: Review shows what was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from app.core.sensors import field_devices
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader, ServerInfo, StreamSpec
from app.review.arrays import unpack
from widgets.bridge.feed import Frame
from widgets.bridge.history import History
from widgets.views.live import PATH_S, Live, LiveReader
from widgets.views.scales import FIELD_STEPS_MM, FORCE_STEPS_N, Range, Scales

RAW = (1e-6, 1e-6)  # time constants in s: as good as none
KEEP = 2048
AGAIN_NS = 250_000_000  # after a jump the last 0.25 s are read: longer than slip looks back
MOST_EDGES = 6  # steps in which they are read
GAP_NS = 300_000_000  # a step forward up to this is no jump


def info_of(description: dict[str, Any]) -> ServerInfo:
    """Return what the rig of an episode offered, from the reader's `describe`; of a foreign one only its streams."""
    streams = tuple(msgspec.convert(spec, StreamSpec) for spec in description["streams"].values())
    try:
        told = msgspec.convert(description["attributes"].get("rig"), ServerInfo)
        return msgspec.structs.replace(told, streams=streams)
    except msgspec.ValidationError:
        return ServerInfo("", False, False, 0, streams, (), (), (), {}, "", "")


@dataclass(frozen=True)
class Paths:
    """Where the tool went in the whole take: times (n,), positions (n, 3), base frame."""

    measured_ns: np.ndarray
    measured: np.ndarray
    applied: np.ndarray

    @staticmethod
    def none() -> Paths:
        """Return no path."""
        return Paths(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), np.zeros((0, 3)))

    @staticmethod
    def of(result: dict[str, Any]) -> Paths:
        """Return the reader's answer to `paths`."""
        measured_ns, measured = np.zeros(0, dtype=np.int64), np.zeros((0, 3))
        if "measured" in result:
            measured_ns, measured = unpack(result["measured_t_ns"]), unpack(result["measured"])
        return Paths(measured_ns, measured, unpack(result["applied"]))

    def until(self, t_ns: int) -> np.ndarray:
        """Return the measured positions (k, 3) of the last seconds before a time."""
        low, high = np.searchsorted(self.measured_ns, [t_ns - round(PATH_S * 1e9), t_ns + 1])
        return np.asarray(self.measured[low:high])


class RecordedSource:
    """Samples of an episode up to a time, offered as the live bridge offers them."""

    def __init__(self) -> None:
        self._histories: dict[str, History] = {}
        self._frames: dict[str, Frame] = {}

    @property
    def frames(self) -> Mapping[str, Frame]:
        """The newest field of each topic."""
        return self._frames

    def history(self, topic: str) -> History | None:
        """Return the newest samples of a scalar stream."""
        return self._histories.get(topic)

    def append(self, topic: str, times: np.ndarray, data: np.ndarray) -> None:
        """Add samples: of a field (N, 3) the last is kept, of others all."""
        if not len(times):
            return
        if data.ndim == 3:
            device, _, signal = topic.partition("/")
            header = SampleHeader(
                SCHEMA_VERSION, device, signal, 0, 1, (0,), (int(times[-1]),), "raw", "f4", data.shape[1:]
            )
            self._frames[topic] = Frame(header, int(times[-1]), int(times[-1]), data[-1])
            return
        flat = data.reshape(len(data), -1).astype(np.float64)
        if topic not in self._histories:
            self._histories[topic] = History(flat.shape[1], KEEP)
        self._histories[topic].append(times, flat)


class RecordedLive:
    """The state of an episode at the playhead.

    Attributes:
        info: What the rig of the episode offered.
        paths: Where the tool went in the whole take.
    """

    def __init__(self, info: ServerInfo | None = None) -> None:
        self.info = info
        self.paths = Paths.none()
        self._force, self._field = Range(FORCE_STEPS_N, 2), Range(FIELD_STEPS_MM, 1)
        self._forget()

    def _forget(self) -> None:
        self._t_ns: int | None = None
        self._source = RecordedSource()
        self._reader = LiveReader(self.info, RAW)
        self._last: dict[str, int] = {}

    def since(self, t_ns: int) -> int:
        """Return after which time samples are missing for the state at `t_ns`."""
        follows = self._t_ns is not None and 0 <= t_ns - self._t_ns <= GAP_NS
        return self._t_ns if follows and self._t_ns is not None else t_ns - AGAIN_NS

    def at(self, moment: dict[str, Any]) -> Live:
        """Return the state that a reader's answer to `moment` tells."""
        t_ns = int(moment["t_ns"])
        if self._t_ns is None or not 0 <= t_ns - self._t_ns <= GAP_NS:
            self._forget()
        self._t_ns = t_ns
        streams = {
            topic: (unpack(each["t_ns"]), unpack(each["data"])) for topic, each in moment["streams"].items()
        }
        live = Live()
        for edge in self._edges(streams, t_ns):
            for topic, (times, data) in streams.items():
                chosen = (times > self._last.get(topic, -1)) & (times <= edge)
                self._source.append(topic, times[chosen], data[chosen])
                if chosen.any():
                    self._last[topic] = int(times[chosen][-1])
            live = self._reader.read(self._source)
        live.path = self.paths.until(t_ns)
        live.scales = self._scales(live, t_ns)
        return live

    def _edges(self, streams: dict[str, tuple[np.ndarray, np.ndarray]], t_ns: int) -> list[int]:
        """Return up to which times the samples are read one after the other: from field to field."""
        names = field_devices(self.info.streams) if self.info is not None else []
        fields = [streams[f"{name}/field"][0] for name in names if f"{name}/field" in streams]
        times = np.unique(np.concatenate([*fields, [t_ns]])).astype(np.int64)
        done = max(self._last.values(), default=-1)
        edges = [int(each) for each in times if each > done or each == t_ns]
        every = -(-len(edges) // MOST_EDGES)
        return edges[::-1][::every][::-1]

    def _scales(self, live: Live, t_ns: int) -> Scales:
        """Return scales that only grow within an episode, so that arrows do not change their size with every jump."""
        force = max((touch.force_n or 0.0 for touch in live.touches), default=0.0)
        moved = max((touch.field_mm or 0.0 for touch in live.touches), default=0.0)
        self._force.follow(force, 0.0)
        self._field.follow(moved, 0.0)
        return Scales(self._force.full, self._field.full)


def at_pose(live: Live, pose: np.ndarray | None) -> Live:
    """Return the state with the tool where it was when a picture was taken."""
    return live if pose is None or live.pose is None else replace(live, pose=pose)
