"""The registered drivers of parts, as light specs: nothing of a driver is imported before a rig names it.

Third parties add theirs by an entry point of the group `touchstone.devices` that loads a `PartSpec` or a sequence of
them. A plug-in that cannot be loaded is listed with its error, not hidden.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

import msgspec

from app.core.errors import DeviceError, RigError
from devices.parts.extras import install_command
from devices.parts.interface import Kind

GROUP = "touchstone.devices"


@dataclass(frozen=True)
class PartSpec:
    """One driver, before anything of it is imported.

    Attributes:
        id: What a rig file calls it: "camera/uvc".
        kind: arm, camera or touch.
        title: For people.
        factory: "module:function"; takes (name of the part, its options) and returns the part.
        options: "module:Struct" of the options; the module is light.
        modules: Import names of the SDK that it needs.
        extra: Optional dependency of pyproject.toml that brings them; empty if it needs none.
        pythons: Versions of Python that the SDK has packages for; empty: all that Touchstone runs on.
    """

    id: str
    kind: Kind
    title: str
    factory: str
    options: str
    modules: tuple[str, ...] = ()
    extra: str = ""
    pythons: tuple[str, ...] = ()

    def installable(self) -> bool:
        """Return whether the SDK has a package for this Python."""
        return not self.pythons or "{}.{}".format(*sys.version_info) in self.pythons

    def way_out(self) -> str:
        """Return how to get the SDK."""
        if self.installable():
            return f"Run `{install_command(self.extra)}`"
        return f"Set Touchstone up with Python {self.pythons[-1]}, then install {', '.join(self.modules)}"

    def missing(self) -> tuple[str, ...]:
        """Return the import names that are not installed; imports nothing."""
        return tuple(name for name in self.modules if importlib.util.find_spec(name) is None)


PARTS: tuple[PartSpec, ...] = (
    PartSpec("arm/none", "arm", "No arm", "devices.arms.absent:make_absent", "devices.arms.options:Absent"),
    PartSpec("arm/ur", "arm", "Universal Robots (RTDE)", "devices.arms.ur:make_ur", "devices.arms.options:Ur"),
    PartSpec(
        "arm/xarm", "arm", "UFACTORY xArm, 850, Lite 6", "devices.arms.xarm:make_xarm", "devices.arms.options:XArm",
        ("xarm",), "xarm",
    ),
    PartSpec(
        "arm/franka", "arm", "Franka Research 3 (FCI)", "devices.arms.franka:make_franka",
        "devices.arms.options:Franka", ("pylibfranka",), "franka",
    ),
    PartSpec(
        "arm/flexiv", "arm", "Flexiv Rizon", "devices.arms.flexiv:make_flexiv", "devices.arms.options:Flexiv",
        ("flexivrdk",), "flexiv", pythons=("3.10", "3.12"),
    ),
    PartSpec(
        "camera/uvc", "camera", "USB camera", "devices.cameras.camera:make_uvc", "devices.cameras.options:Uvc",
        ("cv2",), "camera",
    ),
    PartSpec(
        "camera/file", "camera", "Video file as a camera", "devices.cameras.camera:make_file",
        "devices.cameras.options:File", ("cv2",), "camera",
    ),
    PartSpec(
        "camera/stream", "camera", "Network stream (MJPEG over HTTP, RTSP)", "devices.cameras.camera:make_stream",
        "devices.cameras.options:Stream", ("cv2",), "camera",
    ),
    PartSpec(
        "camera/realsense", "camera", "Intel RealSense (colour, depth)", "devices.cameras.realsense:make_realsense",
        "devices.cameras.options:RealSense", ("pyrealsense2",), "realsense",
    ),
    PartSpec(
        "touch/gelsight-mini", "touch", "GelSight Mini with markers", "devices.touch.gel:make_gel",
        "devices.touch.options:GelSightMini", ("cv2",), "camera",
    ),
    PartSpec(
        "touch/digit", "touch", "DIGIT with a marker gel", "devices.touch.gel:make_gel",
        "devices.touch.options:Digit", ("cv2",), "camera",
    ),
    PartSpec(
        "touch/ati-netft", "touch", "ATI Net F/T (UDP)", "devices.touch.netft:make_netft",
        "devices.touch.options:NetFt",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Registry:
    """Every driver by its id, and the plug-ins that could not be loaded with their error."""

    parts: Mapping[str, PartSpec]
    broken: Mapping[str, str] = field(default_factory=dict)


def registry() -> Registry:
    """Return our drivers and those of installed plug-ins. An id of ours cannot be taken over."""
    parts = {spec.id: spec for spec in PARTS}
    broken: dict[str, str] = {}
    for point in entry_points(group=GROUP):
        try:
            loaded = point.load()
            for spec in (loaded,) if isinstance(loaded, PartSpec) else tuple(loaded):
                if not isinstance(spec, PartSpec):
                    raise TypeError(f"{point.value} holds {type(spec).__name__} where a PartSpec is expected")
                if spec.id in parts:
                    raise ValueError(f"the id {spec.id!r} is taken")
                parts[spec.id] = spec
        except Exception as error:  # noqa: BLE001 - whatever a stranger's module does, the others are still there
            broken[point.name] = f"{type(error).__name__}: {error}"
    return Registry(parts, broken)


def load(path: str) -> Any:
    """Return what a dotted path "module:name" means."""
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


def make_part(driver: str, name: str, options: Mapping[str, Any], known: Registry | None = None) -> Any:
    """Start one part.

    Args:
        driver: Id of the driver.
        name: Name of the part: the `device` of its signals.
        options: The options as they stand in the rig file.

    Raises:
        RigError: If there is no such driver, or an option is wrong.
        DeviceError: If its SDK is missing, or the hardware cannot be opened.
    """
    known = known or registry()
    spec = known.parts.get(driver)
    if spec is None:
        broken = "".join(
            f"; the plug-in {key!r} could not be loaded ({why})" for key, why in known.broken.items()
        )
        raise RigError(f"part {name!r}", f"driver {driver!r} is unknown{broken}", options=sorted(known.parts))
    try:
        chosen = msgspec.convert(dict(options), load(spec.options))
    except msgspec.ValidationError as error:
        valid = msgspec.structs.fields(load(spec.options))
        raise RigError(
            f"part {name!r} ({driver})",
            f"its options are wrong: {error}",
            options=[item.name for item in valid],
        ) from error
    if missing := spec.missing():
        why = "which is not installed"
        if not spec.installable():
            why = "which has no package for Python {}.{}".format(*sys.version_info)
        raise DeviceError(
            f"part {name!r} ({driver})", f"it needs {', '.join(missing)}, {why}", way_out=spec.way_out()
        )
    return load(spec.factory)(name, chosen)
