"""How the progress of a task looks: what the renderer changes in its model from one picture to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.simulated.geometry import PATCH_COUNT
from devices.simulated.orchard import FLESH_OUT_M

Array = npt.NDArray[np.float64]
Look = Callable[[Array], None]
"""Shows a snapshot's `cleaned`."""
_VANISHED: Final = 0.02


def fading_stain(model: Any) -> Look:
    """Return what lets the patches of a stain fade as they come off; takes (20,) in 0..1."""
    patches = _patches(model)
    alpha = model.geom_rgba[patches, 3].copy()

    def show(cleaned: Array) -> None:
        left = alpha * (1.0 - cleaned)
        model.geom_rgba[patches, 3] = np.where(left < _VANISHED, 0.0, left)

    return show


def peeled_strip(model: Any) -> Look:
    """Return what shows flesh where the blade has been; takes (20, 2): share peeled, and the turn at which it was.

    A strip is a round thinner than the fruit, pushed out of its middle towards where the crown was at that turn: what
    stands out of the skin is the cut.
    """
    patches = _patches(model)
    rest = model.geom_pos[patches].copy()

    def show(cleaned: Array) -> None:
        share, turn = cleaned.T
        out = np.column_stack([np.zeros(PATCH_COUNT), np.sin(turn), np.cos(turn)])
        model.geom_pos[patches] = rest + FLESH_OUT_M * out
        model.geom_rgba[patches, 3] = np.where(share < _VANISHED, 0.0, share)

    return show


def _patches(model: Any) -> list[int]:
    return [model.geom(f"patch_{index}").id for index in range(PATCH_COUNT)]
