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

    Pressing harder is a more negative z force in the tool frame (tool pointing down), with all that goes with it in
    the data: friction, torques and the marker field. Positive = the command goes up = yields. None if no chunk of the
    data is in contact throughout.

    The touch of all ticks of a chunk is shifted together; the answer is the mean over the second half of the chunk,
    per tick, so that the decoder's memory has settled.
    """
    windows = Windows(series, policy.config.grid, range(int(series.episode.max()) + 1))
    ticks = windows.chunk_ticks(torch.arange(len(windows)))
    ticks = ticks[(series.wrench[ticks][..., FZ] < -CONTACT_N).all(dim=1)]
    if len(ticks) == 0:
        return None
    contact = series.wrench[:, FZ] < -CONTACT_N
    force = series.wrench[contact, FZ]
    wrench_slope, field_slope = slope(force, series.wrench[contact]), slope(force, series.field[contact])
    ticks = ticks[torch.linspace(0, len(ticks) - 1, min(len(ticks), MOST_WINDOWS)).long()]
    latent, _ = policy.tokenizer.encoder(policy.action(series.action[ticks]))
    wrench, field = series.wrench[ticks], series.field[ticks]
    rest, _ = policy.decode(latent, policy.touch(wrench, field))
    firmer = policy.touch(wrench - DELTA_N * wrench_slope, field - DELTA_N * field_slope)
    pressed, _ = policy.decode(latent, firmer)
    half = ticks.shape[1] // 2
    change = (pressed - rest)[:, half:, DZ].mean()
    return float(change * 1000.0 * policy.config.grid.rate_hz / DELTA_N)


def slope(over: Tensor, values: Tensor) -> Tensor:
    """Return the least-squares slopes (D,) of values (N, D) over one quantity (N,)."""
    centred = over - over.mean()
    return (centred[:, None] * (values - values.mean(dim=0))).mean(dim=0) / centred.square().mean().clamp_min(
        1e-9
    )
