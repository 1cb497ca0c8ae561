"""Which curves a rig gets: force, torque and touch of its sensors, whatever they are called, and the gripper."""

from __future__ import annotations

from app.core.sensors import field_devices, wrench_devices
from app.core.wire.messages import ServerInfo
from widgets.views.curves import PANELS, Panel, Trace

MOST_SENSORS = 2  # with curves of their own; more would be too many for the room


def panels_for(info: ServerInfo | None) -> tuple[Panel, ...]:
    """Return the panels of a rig: x, y, z of each wrench and mean and shear of each field, of two sensors at most."""
    if info is None:
        return PANELS
    wrenches, fields = wrench_devices(info.streams)[:MOST_SENSORS], field_devices(info.streams)[:MOST_SENSORS]
    panels: list[Panel] = []
    for name in wrenches:
        where = f" {name}" if len(wrenches) > 1 else ""
        force = tuple(Trace(f"{name}/wrench", i, f"force.{axis}", f"F{axis}") for i, axis in enumerate("xyz"))
        panels.append(Panel(f"Force{where}", "N", force, 5.0))
        if len(wrenches) == 1:
            torque = tuple(
                Trace(f"{name}/wrench", i + 3, f"torque.{axis}", f"T{axis}") for i, axis in enumerate("xyz")
            )
            panels.append(Panel("Torque", "N·m", torque, 0.1, decimals=2))
    for name in fields:
        where = f" {name}" if len(fields) > 1 else ""
        traces = (
            Trace(f"{name}/field/summary", 0, "touch.mean", "mean"),
            Trace(f"{name}/field/summary", 1, "touch.shear", "shear"),
        )
        panels.append(Panel(f"Touch{where}", "mm", traces, 0.1, positive=True, decimals=2))
    return (*panels, PANELS[-1])
