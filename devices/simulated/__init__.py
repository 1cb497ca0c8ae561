"""The simulated bench: a Franka Panda with a soft finger in MuJoCo, its cameras, and the contact tasks.

`Bench` (bench.py) is the physics, `Renderer` (cameras.py) the pictures. Neither knows ZeroMQ or the real clock: the
device server drives them.
"""

from __future__ import annotations

import os

# MuJoCo opens a window library at its import unless told otherwise, and fails or warns where there is no screen.
# `cameras.py` opens its own off-screen context and honours a MUJOCO_GL that the person set.
os.environ.setdefault("MUJOCO_GL", "disabled")
