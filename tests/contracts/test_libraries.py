"""Each library is imported only where it belongs, and each that is imported is pinned.

import-linter holds the same layers (pyproject.toml); this test also sees main.py and names that it has no contract for.
"""

from __future__ import annotations

import sys
import tomllib

from tests.contracts.sources import PACKAGES, ROOT, Source, below_tests, product

# library: the only places that may import it. The doctor's probes are programs that run as children of their own.
HOMES = {
    "PySide6": ("widgets/", "app/doctor/probes/window.py"),
    "shiboken6": ("widgets/",),
    "pyqtgraph": ("widgets/",),
    "OpenGL": ("widgets/",),
    "torch": (
        "app/learning/",
        "app/doctor/probes/numeric.py",
        "app/bench/lerobot_record.py",  # a program of its own, run with the Python of LeRobot
    ),
    "safetensors": ("app/learning/",),
    "onnxruntime": ("app/learning/speed/",),
    "openvino": ("app/learning/speed/",),
    "tensorboardX": ("app/learning/events.py",),
    "h5py": ("recorders/",),
    "mcap": ("recorders/",),
    "mujoco": ("devices/simulated/", "devices/robosuite_env/", "app/doctor/probes/render.py"),
    "robosuite": ("devices/robosuite_env/",),
    "open3d": ("app/cloud/", "devices/simulated/meshes.py"),
    "gym_hil": ("devices/simulated/",),
    "cv2": ("devices/", "app/calibration/"),
    "pyrealsense2": ("devices/cameras/",),
    "xarm": ("devices/arms/",),
    "pylibfranka": ("devices/arms/",),
    "flexivrdk": ("devices/arms/",),
    "zmq": (
        "app/bench/",
        "app/cloud/",
        "app/core/",
        "devices/",
        "recorders/",
        "widgets/bridge/",
        "app/teleop/",
        "app/learning/",
        "app/review/",
    ),
}
# Import name of a pinned distribution where it is not the distribution's own.
IMPORT_NAMES = {
    "PySide6-Essentials": ("PySide6", "shiboken6"),
    "PyOpenGL": ("OpenGL",),
    "pyzmq": ("zmq",),
    "open3d-cpu": ("open3d",),
    "gym-hil": ("gym_hil",),
    "opencv-python-headless": ("cv2",),
    "xarm-python-sdk": ("xarm",),
    "pillow": ("PIL",),
    "pytest-qt": ("pytestqt",),
    "import-linter": ("importlinter", "grimp"),
}


def pinned(dev: bool) -> set[str]:
    """Return the import names of everything that pyproject.toml pins."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*data["project"]["dependencies"], *data["tool"]["touchstone"]["without-dependencies"]]
    for extra, requirements in data["project"]["optional-dependencies"].items():
        wanted += requirements if dev or extra != "dev" else []
    for requirements in data["tool"]["touchstone"]["extra-without-dependencies"].values():
        wanted += requirements
    names = [requirement.partition("==")[0].strip() for requirement in wanted]
    return {name for each in names for name in IMPORT_NAMES.get(each, (each.replace("-", "_"),))}


def third_party(source: Source) -> dict[str, int]:
    """Return the libraries that a file imports, each with a line."""
    ours = {*PACKAGES, "tests", "main"}
    roots = {name.partition(".")[0]: line for name, line in source.imports()}
    return {
        name: line for name, line in roots.items() if name not in ours and name not in sys.stdlib_module_names
    }


def test_libraries_stay_at_home() -> None:
    strays = [
        f"{source.path}:{line} imports {name}, which is for {', '.join(HOMES[name])}"
        for source in product()
        for name, line in third_party(source).items()
        if name in HOMES and not source.path.startswith(HOMES[name])
    ]
    assert not strays


def test_what_is_imported_is_pinned() -> None:
    known = pinned(dev=False)
    strays = {f"{name} in {source.path}" for source in product() for name in set(third_party(source)) - known}
    assert not strays, "pin it in pyproject.toml, or do without"


def test_what_tests_import_is_pinned() -> None:
    known = pinned(dev=True)
    strays = {
        f"{name} in {source.path}"
        for source in below_tests()
        if not source.path.startswith("tests/interop/peers/")  # programs of the peers' own environments
        for name in set(third_party(source)) - known
    }
    assert not strays, "pin it in pyproject.toml, or do without"


def test_setup_needs_nothing_installed() -> None:
    early = [
        source
        for source in product()
        if source.path.startswith(("app/setup/", "app/__init__", "app/core/errors"))
    ]
    assert not {source.path: third_party(source) for source in early if third_party(source)}
