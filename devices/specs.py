"""The registered drivers, as dotted paths: nothing heavy is imported before a rig asks for one."""

from __future__ import annotations

import importlib

from app.core.errors import RigError
from app.core.rig import Rig
from devices.interface import Device

# name in a rig file: "module:factory"; the factory takes (rig, lockstep) and returns a Device
DRIVERS: dict[str, str] = {
    "simulated/panda": "devices.simulated.device:make",
    "synthetic/load": "devices.synthetic.device:make",
    "composed": "devices.composed.device:make",
    "robosuite": "devices.robosuite_env.device:make",
}


def make_device(rig: Rig, lockstep: bool) -> Device:
    """Start the driver that a rig names.

    Raises:
        RigError: If the driver is not registered, or a package that it needs is missing.
    """
    path = DRIVERS.get(rig.device.driver)
    if path is None:
        raise RigError(f"rig {rig.name!r}", f"device {rig.device.driver!r} is unknown", options=DRIVERS)
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
