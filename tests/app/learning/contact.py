"""A finger on a springy board, three axes, no robot: demonstrations and a closed loop for the learning tests.

The measured position follows the command with a lag; below the board's surface the pad pushes back, and the finger
yields as two springs in a row do. The demonstrator approaches, descends until it feels the board, wipes while it
integrates the force error into the height, and lifts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from app.core.drive.controller import Controller, Start
from app.core.ids import new_uuid
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader, ServerInfo, StreamSpec
from app.learning.config import (
    CHECKPOINT_SCHEMA_VERSION,
    Budget,
    DiffusionConfig,
    EpisodeSource,
    FlowConfig,
    GridConfig,
    NetworkConfig,
    OptimiserConfig,
    PlannerConfig,
    RdpConfig,
    RunConfig,
    StreamingConfig,
    TokenizerConfig,
    TouchConfig,
)
from app.learning.data.arrays import EpisodeArrays, resample
from recorders.commit import commit
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.records import TAKE_SCHEMA_VERSION, Outcome, StopRecord, TakeRecord

PERIOD_NS = 20_000_000
STIFFNESS_N_M = 1200.0
LAG = 0.6  # share of the way to the command that is covered in a tick
AIM_N = 8.0
MARKERS = 5
STROKE_M = 0.06
DOWN = np.array([0.0, 1.0, 0.0, 0.0])
SPECS = {
    spec.topic: spec
    for spec in (
        StreamSpec("arm", "pose", "<f8", (7,), 50.0),
        StreamSpec("arm", "applied", "<f8", (8,), 50.0),
        StreamSpec("arm", "commanded", "<f8", (8,), 0.0, required=False),
        StreamSpec("finger", "wrench", "<f8", (6,), 50.0),
        StreamSpec("finger", "field", "<f8", (MARKERS, 3), 50.0),
        StreamSpec("vision", "stain", "<f8", (4,), 50.0),
        StreamSpec("task", "score", "<f8", (2,), 50.0, privileged=True),
    )
}
FIELD_OF_FORCE = np.random.default_rng(7).standard_normal((MARKERS * 3, 3)) * 0.02


@dataclass
class Board:
    """Height of the surface and what vision says of it."""

    height: float
    stain: np.ndarray
    position: np.ndarray
    command: np.ndarray
    t_ns: int = 0
    streams: dict[str, list[np.ndarray]] = field(default_factory=dict)

    @classmethod
    def draw(cls, seed: int) -> Board:
        rng = np.random.default_rng(seed)
        height = 0.1 + rng.uniform(-0.01, 0.01)
        yaw = rng.uniform(-0.3, 0.3)
        stain = np.array([0.5, 0.0, height + rng.normal(0.0, 0.004), yaw])
        start = np.array([0.48, 0.01, 0.13])
        return cls(height, stain, start.copy(), np.concatenate([start, DOWN, [0.08]]))

    def force(self) -> float:
        return max(0.0, (self.height - self.position[2]) * STIFFNESS_N_M)

    def samples(self) -> dict[str, np.ndarray]:
        wrench = np.array([0.3 * self.force(), 0.0, -self.force(), 0.0, 0.0, 0.0])
        return {
            "arm/pose": np.concatenate([self.position, DOWN]),
            "arm/applied": self.command.copy(),
            "arm/commanded": self.command.copy(),
            "finger/wrench": wrench,
            "finger/field": (FIELD_OF_FORCE @ wrench[:3]).reshape(MARKERS, 3),
            "vision/stain": self.stain.copy(),
        }

    def record(self) -> None:
        for topic, value in self.samples().items():
            self.streams.setdefault(topic, []).append(value)

    def step(self, pose: np.ndarray) -> None:
        self.command[:7] = pose
        self.position += LAG * (self.command[:3] - self.position)
        self.t_ns += PERIOD_NS


@dataclass
class Recorded:
    """What is asked of an episode file."""

    streams: dict[str, list[np.ndarray]]

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self.streams)

    def spec(self, topic: str) -> StreamSpec:
        return SPECS[topic]

    def times_ns(self, topic: str) -> np.ndarray:
        return np.arange(len(self.streams[topic]), dtype=np.int64) * PERIOD_NS

    def data(self, topic: str) -> np.ndarray:
        return np.array(self.streams[topic])


def demonstrate(seed: int) -> Recorded:
    """Return a demonstration on the board of a seed, which heaves up and down under the finger."""
    board = Board.draw(seed)
    heave = np.random.default_rng([seed, 1])
    yaw = board.stain[3]
    along = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    goal = board.stain[:3] + np.array([0.0, 0.0, 0.02])
    while np.linalg.norm(gap := goal - board.command[:3]) > 1e-6:
        _demonstrate_step(board, gap * min(1.0, 0.004 / np.linalg.norm(gap)))
    while board.force() < 2.0:
        _demonstrate_step(board, np.array([0.0, 0.0, -0.0008]))
    travelled = 0.0
    while travelled < STROKE_M:
        if heave.random() < 0.15:
            board.height += heave.uniform(-0.002, 0.002)
        error = board.force() - AIM_N
        _demonstrate_step(board, 0.0012 * along + [0.0, 0.0, 0.2 * error / STIFFNESS_N_M])
        travelled += 0.0012
    while board.command[2] < board.stain[2] + 0.02:
        _demonstrate_step(board, np.array([0.0, 0.0, 0.002]))
    board.record()
    return Recorded(board.streams)


def _demonstrate_step(board: Board, step: np.ndarray) -> None:
    board.record()
    board.step(np.concatenate([board.command[:3] + step, DOWN]))


def small_config() -> RdpConfig:
    """Return a configuration that trains in seconds."""
    return RdpConfig(
        grid=GridConfig(chunk=24, history=2),
        touch=TouchConfig(components=3),
        tokenizer=TokenizerConfig(latent=4, channels=16, hidden=32),
        planner=PlannerConfig(width=64, blocks=2, level_features=16),
        optimiser=OptimiserConfig(batch=64, warmup=20),
    )


def arrays_of(seeds: range) -> list[EpisodeArrays]:
    return [resample(demonstrate(seed), small_config().grid, f"seed {seed}") for seed in seeds]


def chunk_settings(policy: str) -> DiffusionConfig | FlowConfig | StreamingConfig:
    """Return small settings of a policy that draws chunks of actions."""
    small = small_config()
    kinds: dict[str, type[DiffusionConfig | FlowConfig | StreamingConfig]] = {
        "diffusion": DiffusionConfig, "flow": FlowConfig, "streaming": StreamingConfig
    }  # fmt: skip
    return kinds[policy](
        grid=small.grid, touch=small.touch, optimiser=small.optimiser,
        network=NetworkConfig(width=96, blocks=2, level_features=8),
    )  # fmt: skip


def chunk_config(
    episodes: list[EpisodeArrays], steps: int, policy: str, held_out: tuple[int, ...] = (0,)
) -> RunConfig:
    """Return a run of a policy that draws chunks of actions."""
    plain = run_config(episodes, steps, held_out)
    changes: dict[str, object] = {policy: chunk_settings(policy)}
    return msgspec.structs.replace(plain, policy=policy, rdp=None, budget=Budget(steps, 0.0), **changes)


def run_config(episodes: list[EpisodeArrays], steps: int, held_out: tuple[int, ...] = (0,)) -> RunConfig:
    sources = tuple(
        EpisodeSource(f"uuid-{n}", f"/nowhere/{n}.h5", "0" * 64, len(item), n in held_out, 0, 1)
        for n, item in enumerate(episodes)
    )
    return RunConfig(
        schema_version=CHECKPOINT_SCHEMA_VERSION, policy="rdp", rig="test/board", task="wipe", markers=MARKERS,
        rdp=small_config(), budget=Budget(steps), seed=3, features=(), episodes=sources, software="test",
    )  # fmt: skip


def server_info(lockstep: bool = True) -> ServerInfo:
    return ServerInfo(
        rig="test/board", simulated=True, lockstep=lockstep, period_ns=PERIOD_NS,
        streams=tuple(SPECS.values()), cameras=(),
        markers_m=(0.0,) * MARKERS * 3, home=(), limits={}, task="wipe", version="test",
    )  # fmt: skip


def header_of(topic: str, value: np.ndarray, seq: int, t_ns: int) -> SampleHeader:
    spec = SPECS[topic]
    return SampleHeader(
        SCHEMA_VERSION, spec.device, spec.signal, seq, 1, (t_ns,), (t_ns,), "raw", "<f8", value.shape
    )


def write_episode(folder: Path, seed: int, outcome: Outcome = "success") -> Path:
    """Write a demonstration as the recorder does: journal, then a verified episode file."""
    uuid, recorded = new_uuid(), demonstrate(seed)
    journal = journal_path(folder, uuid)
    take = TakeRecord(
        TAKE_SCHEMA_VERSION, uuid, f"2026-01-01T00:{seed:02d}:00+00:00", {"task": "wipe"}, server_info(), "0"
    )
    writer = JournalWriter(journal, take)
    ticks = len(recorded.times_ns("arm/pose"))
    for tick in range(ticks):
        for topic, values in recorded.streams.items():
            header = header_of(topic, values[tick], tick, tick * PERIOD_NS)
            writer.append(topic, header, np.ascontiguousarray(values[tick]).tobytes(), tick * PERIOD_NS)
    writer.finish(StopRecord(TAKE_SCHEMA_VERSION, outcome, 0, ticks * PERIOD_NS, {}))
    kept = commit(folder, journal)
    assert kept is not None
    return kept.path


def deliver(controller: Controller, board: Board, hide: str = "") -> None:
    """Give a controller the samples of the present tick, as the wire would."""
    for topic, value in board.samples().items():
        if topic in controller.topics and topic != hide:
            header = header_of(topic, value, 0, board.t_ns)
            controller.receive(header, memoryview(np.ascontiguousarray(value[None], dtype="<f8").tobytes()))


def drive(
    controller: Controller, seed: int, ticks: int, each: Callable[[Board], None] = lambda _board: None
) -> np.ndarray:
    """Run a controller on a board for some ticks; returns position and force per tick (n, 4)."""
    board, rows = Board.draw(seed), []
    controller.begin(Start(board.t_ns, seed, server_info(), {}))
    for _ in range(ticks):
        each(board)
        deliver(controller, board)
        action = controller.act(board.t_ns)
        if action.done:
            break
        board.step(board.command[:7] if action.pose is None else action.pose)
        rows.append([*board.position, board.force()])
    return np.array(rows)
