"""One recorded episode as arrays on the grid. Used by the trainer; the running policy does the same live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from app.core.errors import LearningError
from app.core.wire.messages import StreamSpec
from app.learning.config import GridConfig
from app.learning.data import features, grid
from app.learning.layout import ONE_ARM, Layout, layout_of

Streams = dict[str, tuple[np.ndarray, np.ndarray]]
"""Times (N,) and samples (N, ...) by topic."""

TICK = "bench/tick"
COLOR = "/color"


class Episode(Protocol):
    """What is asked of an episode file (`recorders.reader.EpisodeFile` offers it)."""

    @property
    def topics(self) -> Sequence[str]:
        """Names of the recorded streams."""
        ...

    def spec(self, topic: str) -> StreamSpec:
        """Return what the device server said of a stream."""
        ...

    def times_ns(self, topic: str) -> np.ndarray:
        """Return the session times (N,) of a stream."""
        ...

    def data(self, topic: str) -> Any:
        """Return the samples (N, ...) of a stream."""
        ...


@dataclass(frozen=True)
class EpisodeArrays:
    """An episode of T ticks, float32. The sizes are those of one arm; of several the numbers stand side by side.

    Attributes:
        motion: Features named `features.MOTION` (T, 19).
        wrench: Filtered wrench (T, 6), N and N·m.
        field: Flattened marker displacements (T, markers·3), mm.
        action: What was done at each tick, named `features.ACTION` (T, 8); the last row is rest with `over` = 1.
        command, applied: What was to be imitated, and what the governor had applied, at each tick (T, 8), base frame.
        pose: What was measured (T, 7), base frame. stain: The estimate (T, 4), base frame.
        felt_wrench: The wrench at the ticks of the decoder (T, fast, 6); the first of a tick is `wrench`.
        felt_field: The field at the ticks of the decoder (T, fast, markers·3).
        layout: Which arms these are.
        frames: Number of the picture that each camera had shown last at each tick (T, cameras), int64; never a later
            one. frame_age_ns: How old it was (T, cameras).
    """

    motion: np.ndarray
    wrench: np.ndarray
    field: np.ndarray
    action: np.ndarray
    felt_wrench: np.ndarray
    felt_field: np.ndarray
    frames: np.ndarray
    frame_age_ns: np.ndarray
    command: np.ndarray
    applied: np.ndarray
    pose: np.ndarray
    stain: np.ndarray
    layout: Layout = ONE_ARM

    def __len__(self) -> int:
        return len(self.motion)


def read_stream(episode: Episode, topic: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times (N,) and samples (N, ...) of a stream that a real rig has too.

    Raises:
        LearningError: If the stream is privileged, missing or empty.
    """
    if topic not in episode.topics:
        raise LearningError(f"episode {name}", f"it has no stream {topic!r}", options=sorted(episode.topics))
    if episode.spec(topic).privileged:
        raise LearningError(
            f"stream {topic!r} of episode {name}",
            "it is the task's true state, which no real rig publishes; a policy must not see it",
            way_out="Leave it to the score",
        )
    times, data = np.asarray(episode.times_ns(topic)), np.asarray(episode.data(topic))
    if len(times) == 0:
        raise LearningError(
            f"episode {name}", f"its stream {topic!r} is empty", way_out="Mark it as failed in Review"
        )
    return times, data


def picture_times(episode: Episode, camera: str, name: str) -> np.ndarray:
    """Return the session times (N,) of a camera's pictures.

    Raises:
        LearningError: If the episode has no such camera; the others are named. If it holds no picture.
    """
    topic = camera + COLOR
    filmed = [topic.removesuffix(COLOR) for topic in episode.topics if topic.endswith(COLOR)]
    if camera not in filmed or episode.spec(topic).encoding != "jpeg":
        raise LearningError(
            f"camera {camera!r} of episode {name}", "there are no pictures of it", options=sorted(filmed) or ["none"],
            way_out="Name the cameras that all episodes have, or train without pictures",
        )  # fmt: skip
    if episode.spec(topic).privileged:
        raise LearningError(f"camera {camera!r} of episode {name}", "no real rig publishes it")
    times = np.asarray(episode.times_ns(topic))
    if len(times) == 0:
        raise LearningError(
            f"camera {camera!r} of episode {name}",
            "it took no picture",
            way_out="Mark the episode as failed in Review",
        )
    return times


def resample(
    episode: Episode, config: GridConfig, name: str, trim_ns: tuple[int, int] | None = None,
    cameras: Sequence[str] = (),
) -> EpisodeArrays:  # fmt: skip
    """Return the episode on the grid, cut to `trim_ns` (first, last session time). It begins when all has been seen.

    The grid runs through the control ticks (or through the commands where there are none), so that in a lock-step
    recording a grid time sees exactly what the operator saw.

    Raises:
        LearningError: If a stream is missing or privileged, or fewer than two ticks remain.
    """
    layout = layout_of(episode.topics, [t for t in episode.topics if not episode.spec(t).privileged])
    imitated = layout.of_arms(config.actions)
    topics = dict.fromkeys((*layout.topics, *imitated))
    streams = {topic: read_stream(episode, topic, name) for topic in topics}
    shown = [picture_times(episode, camera, name) for camera in cameras]
    start = max(int(times[0]) for times in (*(times for times, _ in streams.values()), *shown))
    ending = (times for topic, (times, _) in streams.items() if topic not in layout.of_arms("commanded"))
    end = min(int(times[-1]) for times in ending)
    if trim_ns is not None:
        start, end = max(start, trim_ns[0]), min(end, trim_ns[1])
    ticks = grid.grid_times(start, end, _anchor(episode, streams[imitated[0]][0]), config.period_ns)
    if len(ticks) < 2:
        raise LearningError(
            f"episode {name}", "after trimming it is shorter than two ticks", way_out="Widen its trim"
        )
    return _on_grid(streams, layout, ticks, config, shown)


def _anchor(episode: Episode, command_times: np.ndarray) -> int:
    if TICK in episode.topics and len(times := np.asarray(episode.times_ns(TICK))):
        return int(times[0])
    return int(command_times[0])


def _on_grid(
    streams: Streams, layout: Layout, ticks: np.ndarray, config: GridConfig, shown: Sequence[np.ndarray]
) -> EpisodeArrays:
    pose, applied = (
        np.concatenate([grid.newest(*streams[topic], ticks) for topic in layout.of_arms(signal)], axis=-1)
        for signal in ("pose", "applied")
    )
    stain = grid.newest(*streams[layout.place], ticks)
    command = applied
    if config.actions == "commanded":
        asked = [grid.newest_before(*streams[topic], ticks) for topic in layout.of_arms("commanded")]
        command = np.concatenate(asked, axis=-1)
    finely = (ticks[:, None] + config.fast_ns * np.arange(config.fast)).ravel()
    finely = np.minimum(finely, ticks[-1])
    felt_wrench, felt_field = _felt(streams, layout, finely, config.filter_ns)
    return EpisodeArrays(
        motion=features.motion_features(pose, applied, stain).astype(np.float32),
        wrench=felt_wrench[:: config.fast],
        field=felt_field[:: config.fast],
        action=_actions(command, stain).astype(np.float32),
        felt_wrench=felt_wrench.reshape(len(ticks), config.fast, -1),
        felt_field=felt_field.reshape(len(ticks), config.fast, -1),
        frames=_columns([grid.newest_index(times, ticks) for times in shown], len(ticks)),
        frame_age_ns=_columns([ticks - grid.newest(times, times, ticks) for times in shown], len(ticks)),
        command=command.astype(np.float32),
        applied=applied.astype(np.float32),
        pose=pose.astype(np.float32),
        stain=stain.astype(np.float32),
        layout=layout,
    )


def _felt(
    streams: Streams, layout: Layout, ticks: np.ndarray, filter_ns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return wrenches (N, arms·6) and flattened fields (N, markers·3) at some ticks (N,), float32."""
    wrenches = [grid.window_mean(*streams[topic], ticks, filter_ns) for topic in layout.of_fingers("wrench")]
    fields = []
    for topic in layout.of_fingers("field"):
        times, field = streams[topic]
        fields.append(grid.newest(times, field.reshape(len(field), -1), ticks))
    return np.concatenate(wrenches, axis=-1).astype(np.float32), np.concatenate(fields, axis=-1).astype(
        np.float32
    )


def _actions(command: np.ndarray, stain: np.ndarray) -> np.ndarray:
    """Return what was done at each tick (T, arms·7 + 1) from commands (T, arms·8)."""
    moved = features.increments(command, stain)
    action = np.zeros((len(command), moved.shape[1] + 1))
    action[:-1, :-1] = moved
    action[-1, features.GRIPPER : -1 : features.OVER] = command[-1, features.POSE :: features.COMMAND]
    action[-1, -1] = 1.0
    return action


def _columns(columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    return np.stack(columns, axis=1).astype(np.int64) if columns else np.zeros((rows, 0), dtype=np.int64)
