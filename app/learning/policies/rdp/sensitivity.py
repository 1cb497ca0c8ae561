"""How the trained decoder answers to touch at a fixed latent: the check that it learned the reaction, not its mirror.

A decoder that gives positions can learn the wrong sign (where the demonstrator pressed deeper the force was larger);
increments learn the right one. The number is reported with every run.
"""

from __future__ import annotations

import torch
from torch import Tensor

from app.learning.data.dataset import Series, Windows
from app.learning.data.targets import size_of_arm
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

    None as well where actions are no increments (a pose has no speed), and with several arms: pads that hold
    something between them press sideways.

    The touch of all ticks of a chunk is shifted together; the answer is the mean over the second half of the chunk,
    per tick, so that the decoder's memory has settled.
    """
    if policy.action_frame != "increment" or len(policy.layout.arms) > 1:
        return None
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
    wrench, field = series.felt_wrench[ticks].flatten(1, 2), series.felt_field[ticks].flatten(1, 2)
    rest, _ = policy.decode(latent, policy.touch(wrench, field))
    firmer = policy.touch(wrench - DELTA_N * wrench_slope, field - DELTA_N * field_slope)
    pressed, _ = policy.decode(latent, firmer)
    half = wrench.shape[1] // 2
    change = (pressed - rest)[:, half:, DZ].mean()
    return float(change * 1000.0 * policy.config.grid.rate_hz / DELTA_N)


@torch.no_grad()
def touch_share(policy: RdpPolicy, series: Series) -> float | None:
    """Return how much of the variance of the position increments is there only because of touch, 0..1.

    The base is what the decoder gives with touch at its reference throughout, the residual is what touch changes;
    the share is var(residual) / (var(base) + var(residual)), variances in mm², over all ticks. None without
    motion, and where actions are no increments.
    """
    if policy.action_frame != "increment":
        return None
    windows = Windows(series, policy.config.grid, range(int(series.episode.max()) + 1))
    which = torch.linspace(0, len(windows) - 1, min(len(windows), MOST_WINDOWS)).long()
    ticks = windows.chunk_ticks(which)
    latent, _ = policy.tokenizer.encoder(policy.action(series.action[ticks]))
    touch = policy.touch(series.felt_wrench[ticks].flatten(1, 2), series.felt_field[ticks].flatten(1, 2))
    whole = _steps(policy.decode(latent, touch)[0]) * 1000.0
    base = _steps(policy.decode(latent, torch.zeros_like(touch))[0]) * 1000.0
    own, added = (float(part.flatten(0, 1).var(dim=0).sum()) for part in (base, whole - base))
    return added / (own + added) if own + added > 0.0 else None


def _steps(action: Tensor) -> Tensor:
    """Return the position increments (..., arms·3) of actions."""
    return action[..., :-1].unflatten(-1, (-1, size_of_arm("increment")))[..., : DZ + 1].flatten(-2)


def slope(over: Tensor, values: Tensor) -> Tensor:
    """Return the least-squares slopes (D,) of values (N, D) over one quantity (N,)."""
    centred = over - over.mean()
    return (centred[:, None] * (values - values.mean(dim=0))).mean(dim=0) / centred.square().mean().clamp_min(
        1e-9
    )
