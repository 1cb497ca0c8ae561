"""How the trained decoder answers to touch at a fixed latent: the check that it learned the reaction, not its mirror.

A decoder that gives positions can learn the wrong sign (where the demonstrator pressed deeper the force was larger);
increments learn the right one. The number is reported with every run.
"""

from __future__ import annotations

import torch
from torch import Tensor

from app.learning.data.dataset import Series, Windows
from app.learning.policies.rdp.policy import RdpPolicy

CONTACT_N = 3.0
DELTA_N = 2.0
MOST_WINDOWS = 256
FZ, DZ = 2, 2


@torch.no_grad()
def touch_response(policy: RdpPolicy, series: Series) -> float | None:
    """Return the mean change of the height command in mm per second and newton more of pressing, at fixed latents.

    Pressing harder is a more negative z force in the tool frame (tool pointing down), with the part of the marker
    field that goes with it in the data. Positive = the command goes up = yields. None if no chunk of the data is in
    contact throughout.

    The touch of all ticks of a chunk is shifted together; the answer is the mean over the second half of the chunk,
    per tick, so that the decoder's memory has settled.
    """
    windows = Windows(series, policy.config.grid, range(int(series.episode.max()) + 1))
    ticks = windows.chunk_ticks(torch.arange(len(windows)))
    ticks = ticks[(series.wrench[ticks][..., FZ] < -CONTACT_N).all(dim=1)]
    if len(ticks) == 0:
        return None
    ticks = ticks[torch.linspace(0, len(ticks) - 1, min(len(ticks), MOST_WINDOWS)).long()]
    latent, _ = policy.tokenizer.encoder(policy.action(series.action[ticks]))
    wrench, field = series.wrench[ticks], series.field[ticks]
    slope = _field_per_newton(series)
    firmer = wrench.clone()
    firmer[..., FZ] -= DELTA_N
    rest, _ = policy.decode(latent, policy.touch(wrench, field))
    pressed, _ = policy.decode(latent, policy.touch(firmer, field - DELTA_N * slope))
    half = ticks.shape[1] // 2
    change = (pressed - rest)[:, half:, DZ].mean()
    return float(change * 1000.0 * policy.config.grid.rate_hz / DELTA_N)


def _field_per_newton(series: Series) -> Tensor:
    """Return the least-squares slope (markers·3,) of the marker field over the z force, mm per newton."""
    force = series.wrench[:, FZ] - series.wrench[:, FZ].mean()
    return (force[:, None] * (series.field - series.field.mean(dim=0))).mean(
        dim=0
    ) / force.square().mean().clamp_min(1e-9)
