"""How an input moves the arm, and the text that says it: KIND:PATH[,SETTING…].

The same text stands in $TOUCHSTONE_INPUT, in `operate --input`, in the window's settings and in the intent `input`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, cast

from app.core.errors import UsageError
from app.teleop.modes import ClutchMode

AXES = ("vx", "vy", "vz", "wx", "wy", "wz")
KEYS = "keys"  # mouse and keyboard of the window: no device beside them
Second = Literal["gripper", "clutch", "fine"]
Follow = Literal["match", "relative"]


@dataclass(frozen=True)
class Settings:
    """How an input moves the arm.

    Attributes:
        yaw: Direction in which the person looks, rad from the base's x axis.
        free: Which of vx vy vz wx wy wz may move, in the person's directions: x away, y left, z up.
        single: Only the strongest axis moves.
        speed: Factor 0..1 on the rig's teleoperation speed.
        fine: Factor on `speed`, and on a leader's way, while the fine scale is on.
        clutch: Whether the clutch button is held, or pressed once for on and once for off.
        second: What the right button of a SpaceMouse does.
        smooth_hz: Cut-off of the One-Euro filter at rest; lower is smoother.
        quickness: Growth of that cut-off with speed, Hz per unit per second.
        rumble: Strength of the force in a gamepad's motors, 0..1; 0 is off.
        follow: A leader's posture is the arm's posture (match), or its way from the press is the arm's way (relative).
        scale: Of the way of a leader that is followed relatively.
    """

    yaw: float = 0.0
    free: tuple[bool, ...] = (True,) * 6
    single: bool = False
    speed: float = 1.0
    fine: float = 0.25
    clutch: ClutchMode = "hold"
    second: Second = "gripper"
    smooth_hz: float = 2.0
    quickness: float = 4.0
    rumble: float = 1.0
    follow: Follow = "match"
    scale: float = 1.0


def _number(text: str, low: float, high: float) -> float:
    value = float(text)
    if not low <= value <= high:
        raise ValueError
    return value


def _one_of(text: str, *options: str) -> str:
    if text not in options:
        raise ValueError
    return text


def _free(text: str) -> tuple[bool, ...]:
    locked = text.split("+")
    if not set(locked) <= set(AXES):
        raise ValueError
    return tuple(axis not in locked for axis in AXES)


# word: (what follows it, what it changes)
WORDS: dict[str, tuple[str, Callable[[Settings, str], Settings]]] = {
    "yaw": ("=DEGREES", lambda s, text: replace(s, yaw=math.radians(_number(text, -360.0, 360.0)))),
    "lock": (f"=AXES of {' '.join(AXES)} joined by +", lambda s, text: replace(s, free=_free(text))),
    "single": ("", lambda s, text: replace(s, single=bool(_one_of(text, "") == ""))),
    "speed": ("=PERCENT", lambda s, text: replace(s, speed=_number(text, 1.0, 100.0) / 100.0)),
    "fine": ("=PERCENT", lambda s, text: replace(s, fine=_number(text, 1.0, 100.0) / 100.0)),
    "clutch": (
        "=hold|toggle",
        lambda s, text: replace(s, clutch=cast(ClutchMode, _one_of(text, "hold", "toggle"))),
    ),
    "second": (
        "=gripper|clutch|fine",
        lambda s, text: replace(s, second=cast(Second, _one_of(text, "gripper", "clutch", "fine"))),
    ),
    "smooth": ("=HZ", lambda s, text: replace(s, smooth_hz=_number(text, 0.1, 50.0))),
    "quick": ("=NUMBER", lambda s, text: replace(s, quickness=_number(text, 0.0, 100.0))),
    "rumble": ("=PERCENT", lambda s, text: replace(s, rumble=_number(text, 0.0, 100.0) / 100.0)),
    "follow": (
        "=match|relative",
        lambda s, text: replace(s, follow=cast(Follow, _one_of(text, "match", "relative"))),
    ),
    "scale": ("=FACTOR", lambda s, text: replace(s, scale=_number(text, 0.05, 2.0))),
}


def read_settings(text: str, words: list[str]) -> Settings:
    """Return the settings that `words` of an input's `text` mean.

    Raises:
        UsageError: If a word means none, or its value is not in its range.
    """
    settings = Settings()
    for word in words:
        name, equals, value = word.partition("=")
        try:
            follows, change = WORDS[name]
            if bool(equals) != bool(follows):
                raise ValueError
            settings = change(settings, value)
        except (KeyError, ValueError) as error:
            options = [f"{name}{follows}" for name, (follows, _) in WORDS.items()]
            raise UsageError(f"input {text!r}", f"{word!r} is no setting", options=options) from error
    return settings


def write_settings(settings: Settings) -> list[str]:
    """Return the words that mean these settings; what stands as it does by itself is left out."""
    plain = Settings()
    locked = "+".join(axis for axis, free in zip(AXES, settings.free, strict=True) if not free)
    words = {
        "yaw": f"{math.degrees(settings.yaw):g}",
        "lock": locked,
        "speed": f"{settings.speed * 100:g}",
        "fine": f"{settings.fine * 100:g}",
        "clutch": settings.clutch,
        "second": settings.second,
        "smooth": f"{settings.smooth_hz:g}",
        "quick": f"{settings.quickness:g}",
        "rumble": f"{settings.rumble * 100:g}",
        "follow": settings.follow,
        "scale": f"{settings.scale:g}",
    }
    fields = {"lock": "free", "smooth": "smooth_hz", "quick": "quickness"}
    changed = [
        f"{name}={value}"
        for name, value in words.items()
        if getattr(settings, fields.get(name, name)) != getattr(plain, fields.get(name, name))
    ]
    return [*changed, "single"] if settings.single else changed


def split_input(text: str) -> tuple[str, str, Settings]:
    """Return kind, path and settings of "KIND:PATH[,SETTING…]"; no text at all means the window's own keys.

    Raises:
        UsageError: If the text has no kind, or a setting that means nothing.
    """
    place, *words = text.split(",")
    kind, _, path = place.partition(":")
    settings = read_settings(text, words)
    return (kind or KEYS), path, settings


def join_input(kind: str, path: str, settings: Settings) -> str:
    """Return the text that `split_input` reads."""
    return ",".join([f"{kind}:{path}", *write_settings(settings)])
