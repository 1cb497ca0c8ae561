"""Options of the touch sensors, as a rig file gives them. Light: read before any SDK is."""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=3, le=64)]
Matrix = Annotated[tuple[float, ...], msgspec.Meta(min_length=16, max_length=16)]
Six = tuple[Positive, Positive, Positive, Positive, Positive, Positive]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


class Gel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A gel with a grid of dark markers, seen by a camera from inside.

    Attributes:
        device: Number or /dev/… of a USB camera, the address of a stream, or the path of a video file.
        rows, columns: Markers down and across the picture.
        width_mm: Width of the gel that the picture shows: the scale from pixels to mm.
        pose: 4×4 pose of the sensor in the tool frame, row-major, m. Sensor frame: origin on the gel at the middle of
            the picture, x right and y down in the picture, z out of the gel.
        indentation_mm: z displacement per unit of relative growth of the area around a marker; 0: z is not estimated.
        saturation_mm: Displacement at which the person is told that the gel is at its limit.
        stuck_s: How long a picture may stay exactly the same.
        lost_s: How long a marker may be unseen before the person is told.
        picture_every: Every n-th picture is published too; 0: none.
    """

    device: int | str = 0
    size: tuple[int, int] = (640, 480)
    rate_hz: Positive = 25.0
    rows: Count = 7
    columns: Count = 9
    width_mm: Positive = 18.6
    pose: Matrix = IDENTITY
    indentation_mm: NotNegative = 1.0
    saturation_mm: Positive = 2.0
    stuck_s: Positive = 1.0
    lost_s: Positive = 0.5
    stall_s: Positive = 0.5
    quality: Annotated[int, msgspec.Meta(ge=1, le=100)] = 90
    picture_every: Annotated[int, msgspec.Meta(ge=0)] = 1


class GelSightMini(Gel, frozen=True, kw_only=True):
    """GelSight Mini with the marker gel: 7 by 9 markers."""


class Digit(Gel, frozen=True, kw_only=True):
    """DIGIT with a gel that has markers (the plain one has none); measure `width_mm` with a ruler on the gel."""

    size: tuple[int, int] = (320, 240)
    rate_hz: Positive = 60.0
    width_mm: Positive = 19.0


class NetFt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """ATI Net F/T box over its UDP protocol (RDT).

    Attributes:
        host: Address of the box.
        counts_per_n, counts_per_nm: As the page "Configurations" of the box shows them, with N and N·m as its units.
        rate_hz: RDT output rate, as set on the page "Communications" of the box.
        pose: 4×4 pose of the sensor in the tool frame, row-major, m.
        range: Largest |fx fy fz tx ty tz| of the calibration, N and N·m.
        drift_n: Change of the zero between two tares at which the person is told.
        stale_s: Age at which a force is no number any more, and motion ends.
        bias_in_box: Tare in the box itself instead of here.
    """

    host: str
    port: Annotated[int, msgspec.Meta(gt=0, lt=65536)] = 49152
    counts_per_n: Positive = 1_000_000.0
    counts_per_nm: Positive = 1_000_000.0
    rate_hz: Positive = 1000.0
    pose: Matrix = IDENTITY
    range: Six = (130.0, 130.0, 400.0, 10.0, 10.0, 10.0)
    drift_n: Positive = 3.0
    stall_s: Positive = 0.2
    stuck_s: Positive = 0.2
    stale_s: Positive = 0.05
    bias_in_box: bool = False
