"""The one table of measures and limits: name, unit, what it says, and where a flag begins. Pure data.

A number beyond its limit becomes a flag (`app.quality.checks`); a number far from the set's own becomes one as well
(`app.quality.outliers`). `resources/help/quality.md` is written from this table, and a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "severe"]
VERSION = 2  # of the measures: what was measured by another one is measured again


@dataclass(frozen=True)
class Measure:
    """One number of an episode.

    Attributes:
        name: As it is stored, searched and exported.
        title: As it stands in the window.
        unit: Empty for a share or a count.
        floor: Least spread of the set against which an outlier is judged, in the measure's own unit: a difference
            smaller than this means nothing, however alike the others are.
        digits: Decimals worth showing.
        help: What it is, in a sentence.
    """

    name: str
    title: str
    unit: str
    floor: float
    digits: int
    help: str


@dataclass(frozen=True)
class Limit:
    """Where a measure, or a part of an episode, becomes doubtful.

    Attributes:
        value: In `unit`.
        help: Why it lies there.
    """

    name: str
    value: float
    unit: str
    severity: Severity
    help: str


_MEASURES = (
    Measure("length_s", "length", "s", 0.25, 1, "Length of the part that is used."),
    Measure("idle_share", "idle share", "", 0.03, 2, "Share of the time in pauses of 0.5 s and more."),
    Measure("smoothness", "smoothness", "", 0.3, 2, "Log dimensionless jerk of the tool; nearer to 0 is smoother."),
    Measure("speed_m_s", "speed p95", "m/s", 0.01, 3, "Speed of the tool that is exceeded 5 % of the time."),
    Measure("lag_ms", "action lag", "ms", 8.0, 0, "How far the measured motion lies behind the commanded one."),
    Measure("clipped_share", "clipped commands", "", 0.02, 2, "Share of the commands that the arm was not let go to."),
    Measure("limited_s", "governor at work", "s", 0.1, 2, "Time in which the governor changed the motion."),
    Measure("stopped_s", "governor stops", "s", 0.05, 2, "Time in which the governor held the arm."),
    Measure("peak_n", "peak force", "N", 0.5, 1, "Largest force of all wrenches."),
    Measure("force_n", "mean force", "N", 0.3, 1, "Mean force while in contact."),
    Measure("contact_share", "contact share", "", 0.03, 2, "Share of the time in contact."),
    Measure("spikes", "force spikes", "", 1.0, 0, "Forces that rise and fall again within 50 ms."),
    Measure("drift_n", "tare drift", "N", 0.1, 2, "Free reading after the last contact less that before the first."),
    Measure("torque_drift_nm", "torque drift", "N·m", 0.005, 3, "The same for the torque."),
    Measure("saturated_s", "saturated", "s", 0.02, 2, "Time in which a wrench or marker was at the end of its range."),
    Measure("dead_markers", "dead markers", "", 1.0, 0, "Markers that stood still while the others moved."),
    Measure("lost_samples", "lost samples", "", 1.0, 0, "Samples missing by the sequence numbers of all streams."),
    Measure("brightness", "brightness", "", 0.03, 2, "Mean luma of the first picture, 1 = white; the main camera."),
    Measure("sharpness", "sharpness", "", 3.0, 1, "Standard deviation of the Laplacian of the first picture's luma."),
    Measure("start_x_m", "start x", "m", 0.005, 3, "Tool position at the start, base frame."),
    Measure("start_y_m", "start y", "m", 0.005, 3, "Tool position at the start, base frame."),
    Measure("start_z_m", "start z", "m", 0.005, 3, "Tool position at the start, base frame."),
    Measure("contact_x_m", "first contact x", "m", 0.02, 3, "Tool position at the first contact, base frame."),
    Measure("contact_y_m", "first contact y", "m", 0.02, 3, "Tool position at the first contact, base frame."),
)  # fmt: skip
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _MEASURES}

_LIMITS = (
    Limit("contact_on", 1.0, "N", "info", "Contact begins above it; the gel and its noise stay below."),
    Limit("contact_off", 0.8, "N", "info", "Contact ends below it."),
    Limit("idle_speed", 0.005, "m/s", "info", "Slower than this is standing still; slower still is tracking noise."),
    Limit("idle_turn", 0.05, "rad/s", "info", "The same for turning."),
    Limit("idle_stretch", 0.5, "s", "info", "Shorter pauses belong to the work: turning points, first contact."),
    Limit("idle_share", 0.3, "", "warning", "A policy learns to wait from demonstrations that wait."),
    Limit("idle_longest", 3.0, "s", "warning", "One pause this long is no part of a motion."),
    Limit("lag", 250.0, "ms", "warning", "Pairs of picture and action no longer belong together."),
    Limit("lag_correlation", 0.5, "", "info", "Below it the two motions are too unlike for a lag to mean anything."),
    Limit("clip_distance", 0.005, "m", "info", "A command is clipped when the arm is this far from it a period later."),
    Limit("clipped_share", 0.1, "", "warning", "What was recorded as commanded is not what happened."),
    Limit("limited_share", 0.15, "", "warning", "The governor, not the person, shaped the motion."),
    Limit("stopped_time", 0.02, "s", "severe", "The arm was held for a reason other than a released enabling input."),
    Limit("spike_force", 5.0, "N", "warning", "Above the level around it; a knock, or a fault of the sensor."),
    Limit("drift", 0.5, "N", "warning", "Contact below this force can no longer be told from none."),
    Limit("torque_drift", 0.02, "N·m", "warning", "The same for the torque."),
    Limit("free_stretch", 0.1, "s", "info", "Least time without contact over which a zero is taken."),
    Limit("free_field", 0.1, "mm", "info", "A marker field whose mean lies below it touches nothing."),
    Limit("saturated_time", 0.02, "s", "severe", "So long at exactly the same extreme is the end of the range."),
    Limit("saturated_force", 2.0, "N", "info", "A flat top below it is rest, not saturation."),
    Limit("saturated_field", 0.5, "mm", "info", "The same for a marker."),
    Limit("dead_time", 1.0, "s", "warning", "A marker exactly still for so long while the others move is lost."),
    Limit("moving_field", 0.05, "mm", "info", "The others move when their mean length changes by this."),
    Limit("dark", 0.06, "", "warning", "The first picture is nearly black."),
    Limit("bright", 0.94, "", "warning", "The first picture is nearly white."),
    Limit("outlier", 5.0, "", "warning", "Robust deviations; 3.5 is usual for one measure, not for twenty."),
    Limit("outlier_joint", 5.0, "", "warning", "The same for the distance to the most similar episodes."),
    Limit("outlier_least", 12.0, "", "info", "Fewer episodes than this have no spread worth judging by."),
)  # fmt: skip
LIMITS: dict[str, Limit] = {limit.name: limit for limit in _LIMITS}


def limit(name: str) -> float:
    """Return the value of a limit."""
    return LIMITS[name].value
