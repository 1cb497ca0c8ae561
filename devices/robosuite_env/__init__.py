"""Any task of robosuite as a rig: one simulated arm, its cameras, and the wrench at its wrist."""

from __future__ import annotations

import os

# robosuite and MuJoCo choose an OpenGL way at import; `pictures.py` opens its own.
os.environ.setdefault("MUJOCO_GL", "disabled")
