"""From what a hand does to what the arm should do: dead zone, One-Euro filter, axis locks, clutch.

Pure functions on numpy arrays; states are frozen and handed back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.core.geometry import quat_multiply, rotation_error, rotvec_to_quat


def shape(axes: np.ndarray, dead: float, curve: float) -> np.ndarray:
    """Return axes −1..1 with a dead zone and a curve that is finer around the middle; ends stay ends.

    Args:
        dead: Deflection below which nothing happens, 0 ≤ dead < 1.
        curve: 0 straight, 1 cubic.
    """
    beyond = np.clip((np.abs(axes) - dead) / (1.0 - dead), 0.0, 1.0)
    return np.asarray(np.sign(axes) * ((1.0 - curve) * beyond + curve * beyond**3))


@dataclass(frozen=True)
class OneEuro:
    """Parameters of the filter: smooth when slow, quick when fast.

    Attributes:
        slow_hz: Cut-off at rest.
        quickness: Growth of the cut-off with speed, Hz per unit per second.
        speed_hz: Cut-off of the speed's own filter.
    """

    slow_hz: float = 2.0
    quickness: float = 4.0
    speed_hz: float = 1.0


@dataclass(frozen=True)
class Smoothed:
    """State of a One-Euro filter: the filtered value (n,) and its filtered speed (n,)."""

    value: np.ndarray
    speed: np.ndarray


def one_euro(filter_: OneEuro, state: Smoothed | None, x: np.ndarray, dt_s: float) -> Smoothed:
    """Return the next state of a One-Euro filter; each element has its own cut-off.

    x̂ = x̂' + α·(x − x̂') with α = 1 / (1 + τ/T), τ = 1/(2π·f), and f = f_min + β·|speed|. (Casiez, Roussel and Vogel,
    "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems", CHI 2012.)

    Args:
        state: The last state; None at the start.
        dt_s: Time since the last value, > 0.
    """
    if state is None:
        return Smoothed(np.array(x, dtype=np.float64), np.zeros(len(x)))
    speed = state.speed + _alpha(np.asarray(filter_.speed_hz), dt_s) * (
        (x - state.value) / dt_s - state.speed
    )
    cutoff = filter_.slow_hz + filter_.quickness * np.abs(speed)
    return Smoothed(state.value + _alpha(cutoff, dt_s) * (x - state.value), speed)


def _alpha(cutoff_hz: np.ndarray, dt_s: float) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff_hz * dt_s)))


def lock(twist: np.ndarray, free: tuple[bool, ...]) -> np.ndarray:
    """Return a twist (6,) with the axes that are not free at 0."""
    return np.where(free, twist, 0.0)


def strongest(twist: np.ndarray) -> np.ndarray:
    """Return a twist (6,) with only its strongest axis: one thing at a time."""
    kept = np.zeros_like(twist)
    index = int(np.abs(twist).argmax())
    kept[index] = twist[index]
    return kept


def turned(twist: np.ndarray, yaw: float) -> np.ndarray:
    """Return a twist (6,) of a person who looks along the base's x axis turned by `yaw`, rad, in the base frame."""
    cosine, sine = math.cos(yaw), math.sin(yaw)
    rotation = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return np.concatenate([rotation @ twist[:3], rotation @ twist[3:]])


@dataclass(frozen=True)
class Clutch:
    """Where hand and tool were when the clutch was closed: poses (7,), each in its own frame with the same axes.

    For inputs that have a pose of their own (a leader, a headset's controller).
    """

    hand: np.ndarray
    tool: np.ndarray


def follow(clutch: Clutch, hand: np.ndarray, scale: float, turn_scale: float = 1.0) -> np.ndarray:
    """Return the tool's target (7,): it moved and turned as the hand since the clutch was closed, scaled.

    Args:
        hand: Present pose of the hand (7,).
        scale, turn_scale: Of the way and of the angle.
    """
    way = (hand[:3] - clutch.hand[:3]) * scale
    turn = rotation_error(hand[3:], clutch.hand[3:]) * turn_scale
    quaternion = quat_multiply(rotvec_to_quat(turn), clutch.tool[3:])
    return np.concatenate([clutch.tool[:3] + way, quaternion])
