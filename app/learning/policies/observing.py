"""What every policy has: the touch embedding, normalisers that travel with the weights, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from app.learning.data import features
from app.learning.data.dataset import Series
from app.learning.data.normalise import Normaliser
from app.learning.data.pca import FieldEmbedding
from app.learning.data.targets import action_names, chunk_targets
from app.learning.encoders.cameras import CameraEncoders
from app.learning.layout import ONE_ARM, Layout
from app.learning.settings import (
    ActionFrame,
    CamerasConfig,
    GridConfig,
    OptimiserConfig,
    RuntimeConfig,
    TouchConfig,
)

MOST_FITTED = 4096  # chunks that the targets of a frame other than increments are fitted on
FIELD_FLOOR = 0.1  # weak components are marker noise: none is blown up to the size of the strong ones


@dataclass(frozen=True)
class Moment:
    """When a plan is asked for: number of the episode, and the session time of its observation."""

    episode: int
    t_ns: int


class ObservingPolicy(nn.Module):
    """Normalised observations from what the rig publishes; plans and actions come from the sub-classes.

    A plan is a tensor whose meaning is the policy's own: a latent, or a chunk of actions. `decode` turns it and the
    newest touch into the action of a tick.

    Args:
        field_size: Numbers in the flattened marker fields of all fingers.
        action_frame: What its actions are, see `data/targets.py`.
        layout: Which arms it drives. Sizes below are those of one arm.
    """

    def __init__(
        self,
        grid: GridConfig,
        touch: TouchConfig,
        optimiser: OptimiserConfig,
        runtime: RuntimeConfig,
        field_size: int,
        cameras: CamerasConfig,
        action_frame: ActionFrame = "increment",
        layout: Layout = ONE_ARM,
    ) -> None:
        super().__init__()
        self.grid, self.used, self.optimiser, self.runtime = grid, touch, optimiser, runtime
        self.action_frame: ActionFrame = action_frame
        self.layout = layout
        arms = len(layout.arms)
        self.wrench_size, embedded = arms * features.WRENCH, arms * touch.components
        self.touch_size = self.wrench_size + embedded
        self.seen_cameras = cameras
        self.cameras = CameraEncoders(cameras) if cameras.names else None
        moved, acted = len(features.motion_names(layout)), len(action_names(action_frame, layout))
        felt = 2 * (moved + self.touch_size)
        self.condition_size = felt + (self.cameras.size if self.cameras else 0)
        self.embedding = FieldEmbedding(field_size, embedded)
        self.motion = Normaliser(moved)
        self.wrench = Normaliser(self.wrench_size)
        self.field = Normaliser(embedded)
        self.action = Normaliser(acted)

    def fit(self, series: Series, ticks: Tensor) -> None:
        """Fit embedding and normalisers on `ticks` of a series; the networks are not touched."""
        self.embedding.fit(series.field[ticks])
        self.field.fit(self.embedding(series.field[ticks]), FIELD_FLOOR)
        self.wrench.fit(series.wrench[ticks])
        self.motion.fit(series.motion[ticks])
        self.action.fit(self._acted(series, ticks))

    def _acted(self, series: Series, ticks: Tensor) -> Tensor:
        """Return actions (·, A) in own units to fit a normaliser on: of chunks that begin at `ticks`, evenly spread."""
        if self.action_frame == "increment":
            return series.action[ticks]
        some = ticks[torch.linspace(0, len(ticks) - 1, min(len(ticks), MOST_FITTED)).long()]
        return chunk_targets(series, self.action_frame, some, self.grid.chunk).flatten(0, 1)

    def touch(self, wrench: Tensor, field: Tensor) -> Tensor:
        """Return normalised touch (..., 6 + components) of wrenches (..., 6) and fields (..., markers·3).

        What the settings leave out is 0, its mean.
        """
        told = self.wrench.clipped(wrench) * self.used.wrench
        return torch.cat([told, self.field.clipped(self.embedding(field)) * self.used.field], dim=-1)

    def part_of_touch(self, source: str) -> slice:
        """Return which numbers of the touch (..., 6 + components) are of `wrench`, `field`, or `touch`: both."""
        spans = {"wrench": slice(0, self.wrench_size), "field": slice(self.wrench_size, None)}
        return spans.get(source, slice(None))

    def condition(self, motion: Tensor, touch: Tensor) -> Tensor:
        """Return the condition (B, C) of motion (B, 2, 19) in own units and normalised touch (B, 2, ·).

        Where the policy has cameras, `seeing` completes it.
        """
        return torch.cat([self.motion.clipped(motion), touch], dim=-1).flatten(1)

    def seeing(self, condition: Tensor, pictures: Tensor | None, offsets: Tensor | None = None) -> Tensor:
        """Return the condition (B, C) with what the encoders make of pictures (B, 2, cameras, size, size, 3).

        A policy without cameras returns the condition as it is.

        Args:
            offsets: Where each window's pictures are cut (B, 2); the middle when left out.
        """
        if self.cameras is None or pictures is None:
            return condition
        return torch.cat([condition, self.cameras(pictures, offsets)], dim=-1)

    def with_encoders(self, planner: nn.Module) -> nn.Module:
        """Return what the planner's stage trains: the planner, and the encoders where there are any."""
        return planner if self.cameras is None else nn.ModuleList([planner, self.cameras])

    def draw(self, generator: torch.Generator) -> Tensor:
        """Return the unit noise of one plan."""
        raise NotImplementedError

    def plan(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return plans for conditions (B, C), from unit noise."""
        raise NotImplementedError

    def plan_at(self, moment: Moment, condition: Tensor, noise: Tensor) -> Tensor:
        """Return the plan of a moment; a policy that goes on from its last plan overrides this."""
        return self.plan(condition, noise)

    def decode(
        self, plan: Tensor, touch: Tensor, first: int = 0, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return actions (B, T, A) in own units of ticks `first` … of the chunk, and the state after them.

        Args:
            plan: As `plan` returned it.
            touch: Normalised touch of those ticks (B, T, ·).
            first: Number of the first of them in the chunk.
            state: The state after tick `first` − 1, or None at the start of the chunk.
        """
        raise NotImplementedError

    def stage_module(self, stage: str) -> nn.Module:
        """Return the part that a training stage trains."""
        raise NotImplementedError
