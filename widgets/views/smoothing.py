"""Smoothing for display alone: a first-order low-pass over samples at their own times. No Qt in here.

What is recorded, what the governor judges and what a policy sees are never smoothed by this.
"""

from __future__ import annotations

import numpy as np

FORCE_TAU_S = 0.04
FIELD_TAU_S = 0.06
GAP_S = 0.5  # after a silence as long as this, the filter starts anew


class LowPass:
    """y' = (x − y) / τ with x held constant between samples; exact for any spacing of the samples.

    Args:
        tau_s: Time constant τ: after a step, 63 % of it is shown after τ.
    """

    def __init__(self, tau_s: float) -> None:
        self.tau_s = tau_s
        self.value: np.ndarray | None = None
        self.t_ns = 0

    def feed(self, times_ns: np.ndarray, samples: np.ndarray) -> np.ndarray | None:
        """Take in samples (n, …) at times (n,) and return the smoothed value now; None before the first sample."""
        fresh = times_ns > self.t_ns
        times, values = times_ns[fresh], samples[fresh]
        if not len(times):
            return self.value
        if self.value is None or (times[0] - self.t_ns) * 1e-9 > GAP_S:
            self.value, self.t_ns = values[0].astype(np.float64), int(times[0])
        # y(T) = y0·e^(−T/τ) + Σ x_i (e^(−(T−t_i)/τ) − e^(−(T−t_(i−1))/τ)), the exact answer to the staircase of samples
        age = np.exp((np.concatenate([[self.t_ns], times]) - times[-1]) * (1e-9 / self.tau_s))
        weights = np.diff(age)
        self.value = age[0] * self.value + np.tensordot(weights, values, axes=1)
        self.t_ns = int(times[-1])
        return self.value

    def forget(self) -> None:
        """Start anew."""
        self.value, self.t_ns = None, 0
