"""Principal components of the touch field: a linear embedding that knows nothing of the task."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FieldEmbedding(nn.Module):
    """Projects a flattened marker field (markers·3, mm) on its leading principal components, not scaled."""

    mean: Tensor
    components: Tensor

    def __init__(self, size: int, components: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("components", torch.zeros(components, size))

    def fit(self, fields: Tensor) -> None:
        """Take the mean and the leading eigenvectors of the covariance of `fields` (N, size), in float64.

        The sign of a component is free; the entry of largest magnitude is made positive, so that a refit agrees.
        """
        wide = fields.to(torch.float64)
        mean = wide.mean(dim=0)
        centred = wide - mean
        _, vectors = torch.linalg.eigh(centred.T @ centred / len(wide))
        leading = vectors.flip(1).T[: len(self.components)]
        largest = leading.gather(1, leading.abs().argmax(dim=1, keepdim=True))
        self.mean.copy_(mean)
        self.components[: len(leading)].copy_(leading * torch.sign(largest))

    def forward(self, fields: Tensor) -> Tensor:
        """Return the embedding (..., components) of fields (..., size)."""
        return (fields - self.mean) @ self.components.T
