"""What the numbers of a checkpoint's settings may be, so that a hostile file cannot ask for all memory."""

from __future__ import annotations

from functools import reduce
from typing import Any

from app.core.errors import LearningError
from app.learning.config import RunConfig

# by dotted name: smallest and largest
BOUNDS: dict[str, tuple[float, float]] = {
    "markers": (0, 20_000),
    "rdp.grid.period_ns": (100_000, 10_000_000_000),
    "rdp.grid.chunk": (1, 4096),
    "rdp.grid.history": (0, 4096),
    "rdp.touch.components": (0, 4096),
    "rdp.tokenizer.latent": (1, 4096),
    "rdp.tokenizer.channels": (1, 4096),
    "rdp.tokenizer.hidden": (1, 4096),
    "rdp.planner.width": (1, 8192),
    "rdp.planner.blocks": (1, 128),
    "rdp.planner.level_features": (1, 4096),
    "rdp.planner.sample_steps": (1, 1000),
    "rdp.runtime.plan_every": (1, 100_000),
    "rdp.runtime.max_step_m": (0.0, 1.0),
    "rdp.runtime.max_turn_rad": (0.0, 4.0),
    "rdp.runtime.leash_m": (0.0, 1.0),
}


def check_bounds(config: RunConfig, where: str) -> None:
    """Refuse settings that no policy of ours has.

    Raises:
        LearningError: Naming the setting, its value and what it may be.
    """
    for name, (low, high) in BOUNDS.items():
        value: Any = reduce(getattr, name.split("."), config)
        if not low <= value <= high:
            raise LearningError(
                where, f"{name} is {value}", options=[f"{low:g} to {high:g}"], way_out="Train it again"
            )
