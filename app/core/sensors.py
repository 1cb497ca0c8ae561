"""Which of a rig's streams are camera pictures, wrenches and touch fields, whatever they are called.

Used by the device server, which describes the sensors, and by the window, which draws them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from app.core.wire.messages import ServerInfo, StreamSpec, TouchInfo

IDENTITY = tuple(float(value) for value in np.eye(4).ravel())


def wrench_devices(streams: Iterable[StreamSpec]) -> list[str]:
    """Return the devices that publish a wrench (6 numbers, N and N·m), in the order of their streams."""
    return [spec.device for spec in streams if spec.signal == "wrench" and spec.shape == (6,)]


def field_devices(streams: Iterable[StreamSpec]) -> list[str]:
    """Return the devices that publish a field of marker displacements (N, 3), in the order of their streams."""
    found = (spec for spec in streams if spec.signal == "field" and len(spec.shape) == 2)
    return [spec.device for spec in found if spec.shape[1] == 3]


def camera_devices(streams: Sequence[StreamSpec]) -> list[str]:
    """Return the devices that publish colour pictures of the scene, in the order of their streams.

    The picture of a gel, seen from inside, is none of them.
    """
    gels = set(field_devices(streams))
    return [spec.device for spec in streams if spec.signal == "color" and spec.device not in gels]


def picture_sizes(streams: Iterable[StreamSpec]) -> dict[str, tuple[int, int]]:
    """Return width and height of the colour pictures of each device."""
    found = (spec for spec in streams if spec.signal == "color" and len(spec.shape) == 3)
    return {spec.device: (spec.shape[1], spec.shape[0]) for spec in found}


def touches_of(info: ServerInfo) -> tuple[TouchInfo, ...]:
    """Return the touch sensors of a rig; derived from its streams where it does not describe them itself."""
    return info.touches or derive_touches(info.streams, info.markers_m)


def derive_touches(streams: Sequence[StreamSpec], markers_m: Sequence[float] = ()) -> tuple[TouchInfo, ...]:
    """Return a `TouchInfo` for each device that publishes a wrench or a field, at the tool's own origin.

    Args:
        markers_m: Flat rest positions of the first field's markers.
    """
    fields = field_devices(streams)
    names = dict.fromkeys([*fields, *wrench_devices(streams)])
    first = fields[0] if fields else ""
    return tuple(TouchInfo(name, IDENTITY, tuple(markers_m) if name == first else ()) for name in names)
