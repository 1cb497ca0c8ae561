"""Scripted operators for the task peel: the strokes of wipe.py along a fruit that turns and gives way.

The touched place rises and sinks as it goes, so the one that feels has to follow it; the other draws its straight
line where vision saw the crown at the stroke's start.
"""

from __future__ import annotations

from app.teleop.scripts.wipe import BlindWipe, ForceWipe

# Arm 2000, pad 3000 and clamp 6000 N/m in a row.
_STIFFNESS_N_PER_M = 1000.0
_AIM_N = (7.5, 8.5)
_LEAD_IN_M = 0.006  # the fruit ends 18 mm before the stroke


class ForcePeel(ForceWipe):
    """Feels for the crown, then keeps a force while it moves forward."""

    aim_n = _AIM_N
    lead_in_m = _LEAD_IN_M
    stiffness_n_per_m = _STIFFNESS_N_PER_M


class BlindPeel(BlindWipe):
    """Trusts what vision gave of the crown."""

    aim_n = _AIM_N
    lead_in_m = _LEAD_IN_M
    stiffness_n_per_m = _STIFFNESS_N_PER_M
