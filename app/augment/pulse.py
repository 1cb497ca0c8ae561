"""The recipe `pulse`: pull the motion away and back, smoothly, once.

After the perturbation of GLiDE (Wang et al. 2024, arXiv 2403.17124): w(t) = exp(−5 (t − c)² / h²) around a centre c
with half-width h, so that w is 1 at the centre and e⁻⁵ at the edges; position(t) += w(t)·d. There d leads to
a random place; here it is a random displacement of bounded size, small along the contact normal, because force =
stiffness × depth.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

SHARPNESS = 5.0
OF_ARM = 8  # columns of a trajectory


class PulseSettings(msgspec.Struct, frozen=True):
    """How strong a pulse is.

    Attributes:
        lateral_m: Standard deviation of the displacement along x and y of the base frame.
        normal_m: The same along z.
        shortest_s, longest_s: Range of the half-width h.
        lead_s: The centre lies at least this long after the start, or after where the part begins.
    """

    lateral_m: float = 0.012
    normal_m: float = 0.002
    shortest_s: float = 0.25
    longest_s: float = 0.9
    lead_s: float = 0.6


class Pulse(msgspec.Struct, frozen=True):
    """One drawn pulse, as it goes into the provenance of the episode."""

    centre_s: float
    half_width_s: float
    displacement_m: tuple[float, float, float]

    def record(self) -> dict[str, Any]:
        """Return it as plain values."""
        return msgspec.to_builtins(self)


def draw(rng: np.random.Generator, duration_s: float, settings: PulseSettings, begin_s: float = 0.0) -> Pulse:
    """Draw a pulse for a motion of this duration, of which what comes before `begin_s` only leads up to it."""
    half = float(rng.uniform(settings.shortest_s, settings.longest_s))
    centre = begin_s + float(rng.uniform(settings.lead_s, max(duration_s - begin_s - half, settings.lead_s)))
    sigma = np.array([settings.lateral_m, settings.lateral_m, settings.normal_m])
    x, y, z = rng.normal(0.0, sigma)
    return Pulse(centre, half, (float(x), float(y), float(z)))


def weight(seconds: np.ndarray, pulse: Pulse) -> np.ndarray:
    """Return w(t) (N,) in 0..1."""
    return np.asarray(np.exp(-SHARPNESS * ((seconds - pulse.centre_s) / pulse.half_width_s) ** 2))


def perturb(rows: np.ndarray, pulse: Pulse) -> np.ndarray:
    """Return a perturbed copy of a trajectory (N, 1 + arms·8): seconds, x y z qw qx qy qz, opening; base frame.

    All arms are displaced alike, so that what they hold between them stays held.
    """
    moved = rows.copy()
    for x in range(1, rows.shape[1], OF_ARM):
        moved[:, x : x + 3] += weight(rows[:, 0], pulse)[:, None] * np.asarray(pulse.displacement_m)
    return moved
