"""Per-dimension affine normaliser that travels with the weights. Constant channels stay constant, exactly."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CONSTANT_BELOW = 1e-6  # metres, radians, newtons: no channel of ours varies by less and means it
LIMIT = 8.0  # a normalised observation is clipped here, so that a value never met cannot dominate


class Normaliser(nn.Module):
    """Maps each channel to zero mean and unit deviation and back.

    A channel whose deviation is below `CONSTANT_BELOW` maps to 0, and back to its mean whatever is asked.
    """

    mean: Tensor
    scale: Tensor
    varies: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))
        self.register_buffer("varies", torch.ones(size))

    def fit(self, data: Tensor, floor: float = 0.0) -> None:
        """Take mean and deviation from `data` (N, size), computed in float64.

        Args:
            floor: Share of the largest deviation below which no channel's scale falls; for channels of one unit
                whose small ones are mostly noise (principal components).
        """
        wide = data.to(torch.float64)
        deviation = wide.std(dim=0, unbiased=False)
        varies = deviation > CONSTANT_BELOW
        scale = torch.where(varies, deviation, torch.ones_like(deviation))
        if floor > 0.0 and bool(varies.any()):
            scale = torch.maximum(scale, floor * deviation.max())
        self.mean.copy_(wide.mean(dim=0))
        self.scale.copy_(scale)
        self.varies.copy_(varies)

    def forward(self, data: Tensor) -> Tensor:
        """Return normalised channels (..., size), not clipped."""
        return (data - self.mean) / self.scale * self.varies

    def clipped(self, data: Tensor) -> Tensor:
        """Return normalised channels (..., size) within ±`LIMIT`: for observations."""
        return self(data).clamp(-LIMIT, LIMIT)

    def inverse(self, data: Tensor) -> Tensor:
        """Return the channels (..., size) in their own units."""
        return data * self.scale * self.varies + self.mean
