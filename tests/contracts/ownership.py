"""Which libraries the process of each role must never load. Used by test_roles.py and test_processes.py."""

from __future__ import annotations

QT = frozenset({"PySide6", "pyqtgraph"})
LEARNING = frozenset({"torch"})
SIMULATOR = frozenset({"mujoco", "gym_hil"})
FILES = frozenset({"h5py"})
GEOMETRY = frozenset({"open3d"})
# role: what its process must not load. A role that is not named here may load anything but Qt together with torch.
FORBIDDEN = {
    "window": LEARNING | SIMULATOR | FILES | GEOMETRY,
    "shots": LEARNING | SIMULATOR | FILES | GEOMETRY,
    "serve": LEARNING | QT,
    "device": LEARNING | QT | FILES,
    "franka": LEARNING | QT | SIMULATOR | FILES | GEOMETRY,
    "collect": LEARNING | QT | SIMULATOR,
    "operate": LEARNING | QT | SIMULATOR | FILES,
    "tones": LEARNING | QT | SIMULATOR | FILES,
    "leader": LEARNING | QT | SIMULATOR | FILES | GEOMETRY,
    "calibrate": LEARNING | QT | SIMULATOR | FILES | GEOMETRY,
    "record": LEARNING | QT | SIMULATOR,
    "episodes": LEARNING | QT | SIMULATOR,
    "recover": LEARNING | QT | SIMULATOR,
    "peek": LEARNING | QT | SIMULATOR,
    "read": LEARNING | QT | SIMULATOR,
    "quality": LEARNING | QT | SIMULATOR | GEOMETRY,
    "export": LEARNING | QT | SIMULATOR,
    "import": LEARNING | QT | SIMULATOR,
    "unpack": LEARNING | QT | SIMULATOR,
    "cloud": LEARNING | QT | SIMULATOR | FILES,
    "splat": LEARNING | QT | SIMULATOR | FILES | GEOMETRY,
    "augment": LEARNING | QT | SIMULATOR,
    "train": QT | SIMULATOR,
    "tensorboard": LEARNING | QT | SIMULATOR | FILES | GEOMETRY,
    "policy": QT | SIMULATOR,
    "deploy": LEARNING | QT | SIMULATOR,
    "study": LEARNING | QT | SIMULATOR | FILES,
    "audit": QT | SIMULATOR,
    "demo": LEARNING | QT | SIMULATOR,
    "keys": LEARNING | QT | SIMULATOR | FILES | GEOMETRY,
    "bench-load": QT | SIMULATOR,
    "bench-review": LEARNING | SIMULATOR | FILES | GEOMETRY,
    "bench-library": LEARNING | SIMULATOR | FILES | GEOMETRY,
    "bench-infer": QT | SIMULATOR,
    "bench-train": QT | SIMULATOR,
    "bench-episodes": LEARNING | QT | SIMULATOR | GEOMETRY,
    "bench-window": LEARNING | SIMULATOR | FILES | GEOMETRY,
    "bench-overlay": LEARNING | SIMULATOR | FILES | GEOMETRY,
    "bench": LEARNING | QT | SIMULATOR | FILES,
    "doctor": LEARNING | QT | SIMULATOR | FILES | GEOMETRY,
}
