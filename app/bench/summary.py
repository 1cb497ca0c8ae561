"""Percentiles of what a bench measured, under the names of its JSON keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.core.errors import DeviceError


def summarize(name: str, values_ms: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Return NAME_p50_ms, NAME_p99_ms, NAME_max_ms and NAME_count.

    Raises:
        DeviceError: If nothing was measured.
    """
    if len(values_ms) == 0:
        raise DeviceError(f"bench {name!r}", "nothing came that could be measured")
    p50, p99 = np.percentile(np.asarray(values_ms, dtype=float), (50, 99))
    return {
        f"{name}_p50_ms": round(float(p50), 4), f"{name}_p99_ms": round(float(p99), 4),
        f"{name}_max_ms": round(float(np.max(values_ms)), 4), f"{name}_count": len(values_ms),
    }  # fmt: skip
