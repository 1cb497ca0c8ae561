"""The asymmetric tokenizer: a chunk of actions to a small latent, and back with the touch of each tick.

The encoder sees actions only; the decoder sees the latent and the newest touch at every tick. The KL term leaves in
the latent what touch cannot tell, so the reaction to touch has to come from touch. After Reactive Diffusion Policy
(Xue et al., RSS 2025), but with increments as output, the phase as input, and a state that is streamed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from app.learning.config import GridConfig, TokenizerConfig
from app.learning.data.targets import moving
from app.learning.policies.rdp.residual import ResidualDecoder

KERNEL, STRIDE, LAYERS = 5, 2, 3
SMALL_ERROR = 0.05  # of a deviation: below this the error counts squared, above it in proportion


class ChunkEncoder(nn.Module):
    """Strided convolutions over time, then mean and log variance of the latent."""

    def __init__(self, actions: int, chunk: int, config: TokenizerConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width, length = actions, chunk
        for _ in range(LAYERS):
            layers += [nn.Conv1d(width, config.channels, KERNEL, STRIDE, KERNEL // 2), nn.SiLU()]
            width, length = config.channels, (length - 1) // STRIDE + 1
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Linear(width * length, 2 * config.latent)

    def forward(self, chunk: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance (B, latent) of normalised chunks (B, T, A)."""
        mean, log_variance = self.head(self.convolutions(chunk.transpose(1, 2)).flatten(1)).chunk(2, dim=-1)
        return mean, log_variance.clamp(-12.0, 4.0)


class TouchDecoder(nn.Module):
    """A recurrent decoder: latent, touch and phase of a tick to the action of that tick."""

    def __init__(self, actions: int, touch: int, config: TokenizerConfig) -> None:
        super().__init__()
        self.recurrence = nn.GRU(config.latent + touch + 1, config.hidden, batch_first=True)
        self.head = nn.Sequential(
            nn.Linear(config.hidden + config.latent + touch, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, actions),
        )

    def forward(
        self, latent: Tensor, touch: Tensor, phase: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return normalised actions (B, T, A) and the state after them (1, B, hidden).

        Args:
            latent: (B, latent), the same for the whole chunk.
            touch: Normalised touch of each tick (B, T, touch).
            phase: Where in its chunk each tick lies, 0..1, (T,).
            state: State after the tick before; None at the start of a chunk.
        """
        batch, ticks, _ = touch.shape
        told = torch.cat([latent[:, None].expand(batch, ticks, -1), touch], dim=-1)
        output, state = self.recurrence(
            torch.cat([told, phase[None, :, None].expand(batch, ticks, 1)], dim=-1), state
        )
        return self.head(torch.cat([output, told], dim=-1)), state


class Tokenizer(nn.Module):
    """Encoder and decoder, with the training loss of both.

    Args:
        summed: Whether actions are increments, whose errors add up.
    """

    phase: Tensor

    def __init__(
        self, actions: int, touch: int, grid: GridConfig, config: TokenizerConfig, summed: bool = True
    ) -> None:
        super().__init__()
        self.config, self.fast = config, grid.fast
        self.path = config.path if summed else 0.0
        self.encoder = ChunkEncoder(actions, grid.chunk, config)
        kind = ResidualDecoder if config.decoder == "residual" else TouchDecoder
        self.decoder = kind(actions, touch, config)
        ticks = grid.chunk * grid.fast
        self.register_buffer("phase", torch.arange(ticks, dtype=torch.float32) / ticks, persistent=False)

    def losses(self, chunk: Tensor, touch: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the weighted parts of the loss of normalised chunks (B, T, A) under touch (B, T·fast, touch).

        The demonstration moves evenly through each tick of the grid: its decoder ticks have the same increment. Where
        actions are poses they have the same pose, and the path is left out.

        reconstruction: mean squared error of the actions; path: that of their running sums, over the chunk's length
        (errors of increments add up); kl: divergence of the latent from a unit normal, per dimension.
        """
        mean, log_variance = self.encoder(chunk)
        latent = mean + noise * torch.exp(0.5 * log_variance)
        error = self.decoder(latent, touch, self.phase)[0] - chunk.repeat_interleave(self.fast, dim=1)
        path = moving("increment", error).cumsum(dim=1) if self.path > 0.0 else error.new_zeros(1)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)
        return {
            "reconstruction": functional.smooth_l1_loss(error, torch.zeros_like(error), beta=SMALL_ERROR),
            "path": self.path * (path / self.fast).square().mean() / chunk.shape[1],
            "kl": self.config.kl * divergence.mean(),
        }
