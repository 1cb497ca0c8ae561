"""From episode files to `GridEpisode`s: which streams go where, one grid for a whole set, and what that costs in time.

Two passes: `Survey` looks at every episode (streams, largest time shifts, range of the actions, names of phases) and
gives the `SetAbout`; `grid_episode` then makes one episode after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import simplejpeg

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError
from app.core.wire.messages import StreamSpec
from recorders.exchange import resample
from recorders.exchange.about import SCHEMA_VERSION, EpisodeAbout, Method, Part, SetAbout, StreamAbout
from recorders.exchange.model import Camera, GridEpisode
from recorders.labels import read_labels
from recorders.reader import EpisodeFile

DEFAULT_RATE_HZ = 25.0
LOWEST_CAMERA_RATE_HZ = 10.0  # a slower camera does not set the rate of a whole set
STATE_SIGNALS = ("pose", "gripper")
HELD_SIGNALS = ("applied", "commanded", "stain")  # not interpolated: what was asked for, or estimated, stands
FLAT = 1e-9  # half range of a value of the action below which it counts as constant


def method_of(spec: StreamSpec) -> Method:
    """Return how a stream comes onto a grid: held (actions, labels, whole numbers), interpolated, or nearest."""
    if spec.encoding != "raw":
        return "nearest"
    if np.dtype(spec.dtype).kind != "f" or spec.signal in HELD_SIGNALS:
        return "newest"
    return "linear and slerp" if (spec.signal, tuple(spec.shape)) == ("pose", (7,)) else "linear"


def why_not(spec: StreamSpec) -> str:
    """Return why a stream is not exported; empty for one that is."""
    if spec.privileged:
        return "it is the task's true state, which no real rig publishes"
    if spec.topic == "bench/tick":
        return "it counts the simulator's periods"
    if spec.device == "policy":
        return "it is what a policy planned, no observation"
    return "depth pictures have no place in this format" if spec.encoding == "depth16" else ""


@dataclass
class _Seen:
    """What the survey knows of one stream."""

    spec: StreamSpec
    episodes: int = 0
    shift_ns: int = 0


@dataclass
class Survey:
    """Looks at every episode of a set before the first is written.

    Args:
        rate_hz: Rate of the grid; None = the fastest camera's, 25 Hz where all are slower than 10 Hz.
        action: Signal that is the action: "applied" (what the governor let through) or "commanded".
    """

    rate_hz: float | None
    action: str
    seen: dict[str, _Seen] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    phases: list[str] = field(default_factory=list)
    episodes: int = 0
    _low: np.ndarray | None = None
    _high: np.ndarray | None = None

    def take_in(self, file: EpisodeFile, row: EpisodeRow, folder: Path) -> None:
        """Look at one episode.

        Raises:
            EpisodeError: If it lacks the action, or is too short.
        """
        rate = self._rate(file)
        t_ns = grid_of(file, row, rate)
        actions = [topic for topic in file.topics if topic.endswith(f"/{self.action}")]
        if not actions:
            raise EpisodeError(
                f"episode {row.uuid}", f"it has no signal {self.action!r} to be the action",
                options=[topic for topic in file.topics if topic.endswith(("/applied", "/commanded"))],
            )  # fmt: skip
        rows = np.concatenate(
            [_on_grid(file, topic, t_ns + self._lead_ns(file.spec(topic))) for topic in actions], 1
        )
        low, high = rows.min(axis=0), rows.max(axis=0)
        if self._low is None or self._high is None:
            self._low, self._high = low, high
        elif len(low) != len(self._low):
            raise EpisodeError(
                f"episode {row.uuid}", "its action has another size than that of the episodes before it"
            )
        else:
            self._low, self._high = np.minimum(self._low, low), np.maximum(self._high, high)
        for topic in file.topics:
            self._see(file, topic, t_ns + self._lead_ns(file.spec(topic)))
        marks = read_labels(folder, row.uuid).labels.phases
        self.phases += [name for _, name in marks if name not in self.phases]
        self.episodes += 1

    def about(self, software: str) -> SetAbout:
        """Return what the set says of itself; streams that not every episode has are left out."""
        assert self._low is not None
        assert self._high is not None
        assert self.rate_hz is not None
        streams, at = [], {"state": 0, "action": 0}
        cameras = [seen.spec.device for seen in self.seen.values() if seen.spec.encoding == "jpeg"]
        for topic, seen in sorted(self.seen.items()):
            if seen.episodes != self.episodes:
                self.left_out[topic] = "not every episode has it"
                continue
            spec = seen.spec
            part = self._part(spec)
            size = int(np.prod(spec.shape, dtype=np.int64)) if part != "picture" else 0
            start = at.get(part, 0)
            if part in at:
                at[part] += size
            unique = part == "picture" and cameras.count(spec.device) == 1
            key = spec.device if unique else f"{spec.device}_{spec.signal}"
            streams.append(
                StreamAbout(
                    spec, part, key, start, start + size, method_of(spec), round(seen.shift_ns * 1e-9, 6)
                )
            )
        scale = 0.5 * (self._high - self._low)
        offset = 0.5 * (self._high + self._low)
        return SetAbout(
            SCHEMA_VERSION, software, self.rate_hz, tuple(streams), dict(sorted(self.left_out.items())),
            tuple(self.phases), tuple(offset.tolist()), tuple(np.where(scale < FLAT, 1.0, scale).tolist()),
        )  # fmt: skip

    def _part(self, spec: StreamSpec) -> Part:
        if spec.encoding == "jpeg":
            return "picture"
        return (
            "action" if spec.signal == self.action else "state" if spec.signal in STATE_SIGNALS else "column"
        )

    def _lead_ns(self, spec: StreamSpec) -> int:
        return lead_ns(self.rate_hz or DEFAULT_RATE_HZ) if spec.signal == self.action else 0

    def _rate(self, file: EpisodeFile) -> float:
        if self.rate_hz is None:
            rates = [file.spec(topic).rate_hz for topic in file.topics if file.spec(topic).encoding == "jpeg"]
            fastest = float(round(max(rates, default=0.0)))
            self.rate_hz = fastest if fastest >= LOWEST_CAMERA_RATE_HZ else DEFAULT_RATE_HZ
        return self.rate_hz

    def _see(self, file: EpisodeFile, topic: str, t_ns: np.ndarray) -> None:
        spec = file.spec(topic)
        if reason := why_not(spec):
            self.left_out[topic] = reason
            return
        seen = self.seen.setdefault(topic, _Seen(spec))
        if (seen.spec.dtype, seen.spec.shape, seen.spec.encoding) != (spec.dtype, spec.shape, spec.encoding):
            return  # counted as missing
        times = file.times_ns(topic)
        index = resample.newest_index if method_of(spec) == "newest" else resample.nearest_index
        seen.episodes += 1
        seen.shift_ns = max(seen.shift_ns, resample.shift_ns(times, t_ns, index(times, t_ns)))


def lead_ns(rate_hz: float) -> int:
    """Return by how much the action is ahead of its row: it is what holds one period later, which the row leads to."""
    return round(1e9 / rate_hz)


def grid_of(file: EpisodeFile, row: EpisodeRow, rate_hz: float) -> np.ndarray:
    """Return the grid times (T,) of an episode: from when every required stream has delivered, within its trim.

    Raises:
        EpisodeError: If fewer than two remain.
    """
    required = [file.times_ns(topic) for topic in file.topics if file.spec(topic).required]
    start = max([row.span_ns[0], *(int(times[0]) for times in required)])
    end = min([row.span_ns[1], *(int(times[-1]) for times in required if len(times) > 1)])
    count = int((end - start) * rate_hz / 1e9) + 1
    if count < 2:
        raise EpisodeError(f"episode {row.uuid}", f"it is shorter than two rows at {rate_hz:g} Hz")
    return start + np.round(np.arange(count) * (1e9 / rate_hz)).astype(np.int64)


def _on_grid(file: EpisodeFile, topic: str, t_ns: np.ndarray) -> np.ndarray:
    """Return a stream on the grid, (T, D) in its recorded type."""
    times, data = file.times_ns(topic), file.data(topic)
    data = data.reshape(len(data), -1)
    how = {"newest": resample.newest, "linear": resample.linear, "linear and slerp": resample.pose}
    return how[method_of(file.spec(topic))](times, data, t_ns)[0]


def grid_episode(file: EpisodeFile, row: EpisodeRow, folder: Path, about: SetAbout) -> GridEpisode:
    """Return one episode as `about` says; its pictures are read while the file is open."""
    t_ns = grid_of(file, row, about.rate_hz)
    parts: dict[str, list[np.ndarray]] = {"state": [], "action": []}
    columns = {}
    for stream in about.streams:
        if stream.part == "picture":
            continue
        grid = t_ns + lead_ns(about.rate_hz) if stream.part == "action" else t_ns
        values = _on_grid(file, stream.spec.topic, grid)
        if stream.part == "column":
            columns[stream.key] = values
        else:
            parts[stream.part].append(values.astype(np.float64))
    empty = np.zeros((len(t_ns), 0))
    told = _about(file, row, folder)
    reward = np.zeros(len(t_ns))
    reward[-1] = row.score if row.score is not None else float(row.outcome == "success")
    return GridEpisode(
        told, t_ns, np.concatenate([empty, *parts["state"]], 1), np.concatenate([empty, *parts["action"]], 1), columns,
        tuple(_camera(file, stream, t_ns) for stream in about.of_part("picture")),
        phase_column(t_ns, told.phases, about.phases), reward,
    )  # fmt: skip


def phase_column(t_ns: np.ndarray, marks: Sequence[tuple[int, str]], names: Sequence[str]) -> np.ndarray:
    """Return the phase (T,) that holds at each tick, as an index into `names`; −1 before the first mark."""
    phase = np.full(len(t_ns), -1, np.int64)
    for at, name in sorted(marks):
        phase[t_ns >= at] = names.index(name)
    return phase


def _camera(file: EpisodeFile, stream: StreamAbout, t_ns: np.ndarray) -> Camera:
    topic = stream.spec.topic
    times = file.times_ns(topic)
    index = resample.nearest_index(times, t_ns)
    last: dict[int, np.ndarray] = {}
    height, width = decode(file.picture(topic, int(index[0])), f"episode {file.path}").shape[:2]
    shape = (height, width, 3)

    def read(tick: int) -> np.ndarray:
        number = int(index[tick])
        if number not in last:
            where = f"episode {file.path}, picture {number} of {topic}"
            last.clear()
            last[number] = decode(file.picture(topic, number), where)
            if last[number].shape != shape:
                raise EpisodeError(
                    where, "it has another size than the first", way_out="Leave the episode out"
                )
        return last[number]

    return Camera(stream.key, shape, times[index], read)


def decode(jpeg: bytes, where: str) -> np.ndarray:
    """Return a JPEG as RGB (height, width, 3).

    Raises:
        EpisodeError: If it is none.
    """
    try:
        return np.asarray(simplejpeg.decode_jpeg(jpeg, colorspace="RGB"))
    except ValueError as error:
        raise EpisodeError(where, f"a picture in it is no JPEG ({error})") from error


def _about(file: EpisodeFile, row: EpisodeRow, folder: Path) -> EpisodeAbout:
    labels = read_labels(folder, row.uuid).labels
    return EpisodeAbout(
        uuid=row.uuid, created=row.created, software=row.software, task=row.task, instruction=row.instruction,
        outcome=row.outcome, recorded_outcome=row.recorded_outcome, operator=row.operator, condition=row.condition,
        seed=row.seed, score=row.score, peak_force_n=row.peak_force_n, dropped=row.dropped, recovered=row.recovered,
        notes=row.notes, text=row.text, span_ns=row.span_ns, phases=labels.phases, provenance=row.provenance,
        subtasks=labels.subtasks, rig=file.attributes["rig"],
    )  # fmt: skip
