"""The registered drivers, as dotted paths: nothing heavy is imported before a rig asks for one."""

from __future__ import annotations

import importlib
import importlib.util

from app.core.errors import DeviceError, RigError
from app.core.rig import Rig
from devices.interface import Device
from devices.parts.extras import install_command

# name in a rig file: "module:factory"; the factory takes (rig, lockstep) and returns a Device
DRIVERS: dict[str, str] = {
    "simulated/panda": "devices.simulated.device:make",
    "simulated/two_pandas": "devices.simulated.lift.device:make",
    "synthetic/load": "devices.synthetic.device:make",
    "composed": "devices.composed.device:make",
    "robosuite": "devices.robosuite_env.device:make",
}
# name in a rig file: import names of the library that it needs, and the extra that brings them
LIBRARIES: dict[str, tuple[tuple[str, ...], str]] = {
    "robosuite": (("robosuite", "numba", "PIL", "termcolor"), "robosuite"),
}


def missing(driver: str) -> tuple[str, ...]:
    """Return the import names that a driver needs and that are not installed; imports nothing."""
    names, _ = LIBRARIES.get(driver, ((), ""))
    return tuple(name for name in names if importlib.util.find_spec(name) is None)


def make_device(rig: Rig, lockstep: bool) -> Device:
    """Start the driver that a rig names.

    Raises:
        RigError: If the driver is not registered, or a package of ours that it needs is missing.
        DeviceError: If an optional library that it needs is not installed.
    """
    path = DRIVERS.get(rig.device.driver)
    if path is None:
        raise RigError(f"rig {rig.name!r}", f"device {rig.device.driver!r} is unknown", options=DRIVERS)
    if lacking := missing(rig.device.driver):
        raise DeviceError(
            f"rig {rig.name!r}", f"it needs {', '.join(lacking)}, which is not installed",
            way_out=f"Run `{install_command(LIBRARIES[rig.device.driver][1])}`",
        )  # fmt: skip
    module, factory = path.split(":")
    try:
        make = getattr(importlib.import_module(module), factory)
    except ImportError as error:
        raise RigError(
            f"device {rig.device.driver!r}",
            f"a package it needs is missing ({error})",
            way_out="Run `make run` once, or `python main.py doctor` to see what is missing",
        ) from error
    device: Device = make(rig, lockstep)
    return device
