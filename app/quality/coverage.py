"""Which state-action cells an episode visits: the count behind SACo. Pure numpy.

States and actions are continuous, so they are put into cells first: on a grid of 10 Hz, per arm, tool position in cells
of 20 mm and the action (how far the commanded position goes on within 0.1 s) in cells of 10 mm, and per wrench
the force in cells of 2 N. Each combination is one code. Codes are counted exactly: a set of 10,000 episodes has
at most a million; the estimate (HyperLogLog) that Schweighofer et al. count with is for sets a thousand times larger.
"""

from __future__ import annotations

import numpy as np

from app.core.clock import NS_PER_S
from app.quality.material import Material, Stream

GRID_NS = NS_PER_S // 10
POSITION_M = 0.02
ACTION_M = 0.01
FORCE_N = 2.0
BINS = f"10 Hz; position {POSITION_M * 1e3:g} mm, action {ACTION_M * 1e3:g} mm per 0.1 s, force {FORCE_N:g} N"


def cells_of(material: Material) -> np.ndarray:
    """Return the codes of the cells that an episode visits, sorted, each once: int64 (n,)."""
    grid = np.arange(material.start_ns, material.end_ns - GRID_NS + 1, GRID_NS, dtype=np.int64)
    columns: list[np.ndarray] = []
    for device, applied in sorted(material.applied.items()):
        state = material.pose.get(device, applied)
        if len(applied.t_ns) < 2 or len(state.t_ns) < 2:
            continue
        here, there = _held(applied, grid)[:, :3], _held(applied, grid + GRID_NS)[:, :3]
        columns.extend((_held(state, grid)[:, :3] / POSITION_M).T)
        columns.extend(((there - here) / ACTION_M).T + 0.5)  # no motion is the middle of a cell, not its edge
    for _device, wrench in sorted(material.wrenches.items()):
        if len(wrench.t_ns):
            columns.append(np.linalg.norm(_held(wrench, grid)[:, :3], axis=1) / FORCE_N)
    if not columns or len(grid) == 0:
        return np.zeros(0, np.int64)
    cells = np.floor(np.stack(columns, axis=1)).astype(np.int64)
    return np.unique(_codes(cells))


def _held(stream: Stream, at_ns: np.ndarray) -> np.ndarray:
    """Return the newest sample at each time (m, columns); before the first one, the first."""
    index = np.searchsorted(stream.t_ns, at_ns, side="right") - 1
    return stream.data[np.clip(index, 0, len(stream.t_ns) - 1)]


def _codes(cells: np.ndarray) -> np.ndarray:
    """Return one 64-bit code per row of whole numbers (n, columns), by the finaliser of SplitMix64 over the columns.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. A million cells collide with a
    probability of 3 in 10⁸.
    """
    code = np.zeros(len(cells), np.uint64)
    with np.errstate(over="ignore"):
        for column in cells.T:
            code = (code ^ column.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
            code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            code ^= code >> np.uint64(31)
    return code.view(np.int64)
