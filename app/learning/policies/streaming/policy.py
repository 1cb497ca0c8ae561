"""The policy `streaming`."""

from __future__ import annotations

import torch
from torch import Tensor

from app.core.errors import LearningError
from app.learning.layout import ONE_ARM, Layout
from app.learning.policies.chunk import ChunkPolicy
from app.learning.policies.diffusion.levels import kept_shares
from app.learning.policies.diffusion.loss import clean_loss
from app.learning.policies.observing import Moment
from app.learning.policies.streaming.config import StreamingConfig
from app.learning.policies.streaming.loss import training_indices
from app.learning.policies.streaming.sampler import Buffer


class StreamingPolicy(ChunkPolicy):
    """Chunks from a running buffer, N/h evaluations each.

    A plan holds the finished ticks first, then what the network expects of the others: they bridge the delay until
    the next plan can be used, and are replaced by it.
    """

    def __init__(self, config: StreamingConfig, field_size: int, layout: Layout = ONE_ARM) -> None:
        if problem := config.problem():
            raise LearningError("policy streaming", problem, way_out="Change its settings and train again")
        super().__init__(config, field_size, layout)
        self.config = config
        self.kept = kept_shares(config.levels)
        self._buffer = self.buffer(1)
        self._last: Moment | None = None

    def buffer(self, environments: int) -> Buffer:
        """Return fresh buffers for some environments."""
        config = self.config
        shape = (environments, config.grid.chunk, self.size)
        return Buffer(shape, config.act, self.kept, config.primer)

    def loss(self, data: Tensor, condition: Tensor, generator: torch.Generator) -> Tensor:
        """Return the loss at the noise indices of a running buffer, or at one for all ticks."""
        config = self.config
        noise = torch.randn(data.shape, generator=generator)
        index = training_indices(
            len(data), config.grid.chunk, config.act, config.levels, config.chunkwise, generator
        )
        return clean_loss(self.denoiser, data, condition, noise, index, self.kept)

    def plan(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return the plans (B, T, 8) of fresh buffers, in own units."""
        return self._plan(self.buffer(len(condition)), condition, noise)

    def plan_at(self, moment: Moment, condition: Tensor, noise: Tensor) -> Tensor:
        """Return the plan of a moment: the buffer goes on if `act` ticks have passed, else it is primed anew."""
        period = self.config.grid.period_ns
        last, self._last = self._last, moment
        goes_on = last is not None and last.episode == moment.episode
        if last is None or not goes_on or round((moment.t_ns - last.t_ns) / period) != self.config.act:
            self._buffer.reset(torch.ones(1, dtype=torch.bool))
        return self._plan(self._buffer, condition, noise)

    def _plan(self, buffer: Buffer, condition: Tensor, noise: Tensor) -> Tensor:
        finished, expected = buffer.call(self.denoiser, condition, noise)
        return self.action.inverse(torch.cat([finished, expected[:, self.config.act :]], dim=1))
