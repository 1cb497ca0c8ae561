"""Light copies of the Panda's visual meshes: decimated once with Open3D, then read from the user's cache.

The full set has about 127k faces, which a software renderer draws a few times a second; about an eighth of them looks
the same in a 640-pixel picture. Used by scene.py for the renderer's model only: physics needs no mesh.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.core.errors import DeviceError
from app.core.project import cache_folder

KEPT_SHARE: Final = 0.12
FEWEST_FACES: Final = 120
_RECIPE: Final = f"quadric-1;{KEPT_SHARE};{FEWEST_FACES}"

Mesh = tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]
"""Vertices (V, 3) in the mesh file's own unit, faces (F, 3)."""


def panda_assets() -> Path:
    """Return the folder of gym_hil that holds `panda.xml`, without importing gym_hil (its import needs a gym).

    Raises:
        DeviceError: gym_hil is not installed.
    """
    spec = importlib.util.find_spec("gym_hil")
    if spec is None or spec.origin is None:
        raise DeviceError(
            "simulated bench",
            "the Panda model is missing because the Python package `gym-hil` is not installed",
            way_out="Run `pip install --no-deps gym-hil==0.1.14`",
        )
    return Path(spec.origin).parent / "assets"


def light_meshes(files: Iterable[Path]) -> dict[str, Mesh]:
    """Return decimated meshes by file name, from the cache or made now (some seconds, once a machine).

    Args:
        files: OBJ or STL files; their names (with suffix) must be unique.

    Raises:
        DeviceError: the cache must be made and Open3D is not installed.
    """
    wanted = sorted(files)
    cache = cache_folder() / f"meshes-{_fingerprint(wanted)}.npz"
    if not cache.is_file():
        _write_atomically(cache, {file.name: _decimate(file) for file in wanted})
    with np.load(cache, allow_pickle=False) as stored:
        return {file.name: (stored[f"{file.name}:v"], stored[f"{file.name}:f"]) for file in wanted}


def _fingerprint(files: list[Path]) -> str:
    """Name what the cache was made of: recipe, model version, file names and sizes."""
    parts = [_RECIPE, importlib.metadata.version("gym-hil")]
    parts += [f"{file.name}:{file.stat().st_size}" for file in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _open3d() -> Any:
    """Import Open3D where it is needed, or say which package gives it."""
    try:
        import open3d
    except ImportError as error:
        package = "open3d-cpu" if sys.platform == "linux" else "open3d"
        raise DeviceError(
            "simulated cameras",
            f"the robot's meshes cannot be prepared because Open3D cannot be imported ({error})",
            way_out=f"Run `pip install {package}==0.20.0` (on Debian also `apt install libusb-1.0-0`)",
        ) from error
    return open3d


def _decimate(file: Path) -> Mesh:
    """Read one mesh and reduce it by quadric error decimation (Garland & Heckbert 1997)."""
    open3d = _open3d()
    mesh = open3d.io.read_triangle_mesh(str(file))
    mesh.merge_close_vertices(1e-9)
    mesh.remove_degenerate_triangles()
    faces = len(mesh.triangles)
    target = max(FEWEST_FACES, int(KEPT_SHARE * faces))
    if faces > target:
        mesh = mesh.simplify_quadric_decimation(target_number_of_triangles=target)
        mesh.remove_unreferenced_vertices()
    return np.asarray(mesh.vertices, np.float64), np.asarray(mesh.triangles, np.int32)


def _write_atomically(path: Path, meshes: dict[str, Mesh]) -> None:
    """Write under a temporary name and rename, so that two processes may make the cache at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {f"{name}:v": mesh[0] for name, mesh in meshes.items()}
    arrays |= {f"{name}:f": mesh[1] for name, mesh in meshes.items()}
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, **arrays)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
