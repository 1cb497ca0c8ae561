"""The measures of the bench that more than one file needs: frames, finger, pad, board and stain.

Frames (all right-handed, metres): *base* = robot base = world, x forward, z up. *Tool* = centre of the undeformed pad
surface, z outward along the finger, rigid on the hand. *Board* = centre of the board's top surface, x along the
stroke, z along its normal.
"""

from __future__ import annotations

from typing import Final

TIMESTEP_S: Final = 0.002
ARM_DOF: Final = 7

HAND_BODY: Final = "base"
"""Body of the gym_hil Panda model that carries the finger: the palm of its Robotiq gripper, z outward."""
TOOL_REACH_M: Final = 0.222
"""From the palm's origin to the pad surface, along the palm's z."""
TOOL_SITE: Final = "tool"
PAD_SITE: Final = "pad_surface"
PAD_GEOM: Final = "pad_gel"

PAD_HALF_WIDTH_M: Final = 0.016
PAD_HALF_LENGTH_M: Final = 0.020
PAD_DEPTH_M: Final = 0.008
"""The gel is half an ellipsoid of these semi-axes (x, y, z of the tool), so a tilted board meets it in one patch."""
PAD_MASS_KG: Final = 0.05
PAD_STIFFNESS_N_PER_M: Final = 3000.0
PAD_TRAVEL_M: Final = 0.014

BOARD_BODY: Final = "board"
BOARD_GEOM: Final = "board_top"
BOARD_HALF_M: Final = (0.16, 0.11, 0.009)
"""Half sizes of the board along its x, y and z."""
BOARD_HOME_M: Final = (0.50, 0.0, 0.10)
"""Nominal place of the board frame's origin in the base frame."""

STROKE_LENGTH_M: Final = 0.20
PATCH_COUNT: Final = 20
PATCH_PITCH_M: Final = STROKE_LENGTH_M / PATCH_COUNT

HOME_POSITION_M: Final = (0.50, 0.0, 0.20)
HOME_QUATERNION: Final = (0.0, 1.0, 0.0, 0.0)
"""Tool z straight down, tool x along base x (w, x, y, z)."""


def patch_x_m(index: int) -> float:
    """Return the place of one stain patch along the board's x, metres; the stroke is centred on the board."""
    return (index + 0.5) * PATCH_PITCH_M - 0.5 * STROKE_LENGTH_M
