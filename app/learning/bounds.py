"""What the numbers of a checkpoint's settings may be, so that a hostile file cannot ask for all memory."""

from __future__ import annotations

from functools import reduce
from typing import Any

from app.core.errors import LearningError
from app.learning.config import PolicyConfig, RunConfig

# by dotted name in the settings of a policy: smallest and largest; a policy has some of them
BOUNDS: dict[str, tuple[float, float]] = {
    "grid.period_ns": (100_000, 10_000_000_000),
    "grid.chunk": (1, 4096),
    "grid.history": (0, 4096),
    "grid.fast": (1, 20),
    "touch.components": (0, 4096),
    "tokenizer.latent": (1, 4096),
    "tokenizer.channels": (1, 4096),
    "tokenizer.hidden": (1, 4096),
    "planner.width": (1, 8192),
    "planner.blocks": (1, 128),
    "planner.level_features": (1, 4096),
    "planner.sample_steps": (1, 1000),
    "planner.train_levels": (1, 10_000),
    "network.width": (1, 8192),
    "network.blocks": (1, 128),
    "network.level_features": (2, 1024),
    "network.noise": (0.0, 10.0),
    "train_levels": (1, 10_000),
    "sample_steps": (1, 1000),
    "act": (1, 4096),
    "levels": (1, 10_000),
    "chunkwise": (0.0, 1.0),
    "touch.dropout": (0.0, 1.0),
    "cameras.size": (8, 1024),
    "cameras.features": (1, 4096),
    "cameras.crop": (0.5, 1.0),
    "cameras.dropout": (0.0, 1.0),
    "cameras.stale_ns": (1_000_000, 60_000_000_000),
    "runtime.plan_every": (1, 100_000),
    "runtime.max_step_m": (0.0, 1.0),
    "runtime.max_turn_rad": (0.0, 4.0),
    "runtime.leash_m": (0.0, 1.0),
}


MOST_MARKERS = 20_000
MOST_CAMERAS = 16
MOST_PARTS = 1024


def check_bounds(config: RunConfig, where: str) -> None:
    """Refuse settings that no policy of ours has.

    Raises:
        LearningError: Naming the setting, its value and what it may be.
    """
    _require("markers", config.markers, 0, MOST_MARKERS, where)
    _require("parts", config.parts, 1, MOST_PARTS, where)
    if problem := config.layout.problem():
        raise LearningError(where, problem, way_out="Train it again")
    check_settings(config.settings, where, f"{config.policy}.")
    batch = config.settings.optimiser.batch
    if batch % config.parts:
        raise LearningError(
            where, f"a batch of {batch} windows cannot be cut into {config.parts} equal parts",
            way_out="Choose a batch that the number of workers divides",
        )  # fmt: skip


def check_settings(settings: PolicyConfig, where: str, prefix: str = "") -> None:
    """Refuse settings of a policy that are out of bounds or do not fit each other.

    Raises:
        LearningError: Naming the setting, its value and what it may be.
    """
    for name, (low, high) in BOUNDS.items():
        first, *_ = name.split(".")
        if hasattr(settings, first):
            value: Any = reduce(getattr, name.split("."), settings)
            _require(prefix + name, value, low, high, where)
    names = settings.cameras.names
    _require(f"{prefix}number of cameras", len(names), 0, MOST_CAMERAS, where)
    if len(set(names)) < len(names) or not all(names):
        raise LearningError(where, f"cameras {', '.join(names)!r} are not all different and named")
    problem = settings.problem()
    if problem:
        raise LearningError(where, problem, way_out="Change one of the two, and train again")


def _require(name: str, value: float, low: float, high: float, where: str) -> None:
    if not low <= value <= high:
        raise LearningError(
            where, f"{name} is {value}", options=[f"{low:g} to {high:g}"], way_out="Train it again"
        )
