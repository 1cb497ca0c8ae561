"""How strong a contact force shakes a gamepad: the slow motor for the force, the quick one near the limit."""

from __future__ import annotations

from app.core.wire.messages import ServerInfo

DEAD_N = 1.0  # below it nothing shakes: noise, and the weight of a cable
WEAKEST = 0.12  # a motor that gets less does not turn
OVER_SHARE = 0.8  # of the rig's force limit: from here on both motors pulse
PULSE_NS = 100_000_000


def rumble(force_n: float, limit_n: float, now_ns: int) -> tuple[float, float]:
    """Return strengths 0..1 of the slow and the quick motor for a contact force.

    From the dead band on the slow motor grows with the square root of the force, which gives a light touch more of the
    range than a hard push. Above `OVER_SHARE` of the limit both pulse at full strength, five times a second.

    Args:
        force_n: Size of the force, N.
        limit_n: At which the rig's governor ends motion, N.
    """
    if not force_n > DEAD_N or limit_n <= DEAD_N:
        return 0.0, 0.0
    if force_n >= OVER_SHARE * limit_n:
        on = float(now_ns // PULSE_NS % 2 == 0)
        return on, on
    share = (force_n - DEAD_N) / (OVER_SHARE * limit_n - DEAD_N)
    return WEAKEST + (0.8 - WEAKEST) * share**0.5, 0.0


def wrench_topics(info: ServerInfo) -> tuple[str, ...]:
    """Return the topics of every force that a rig measures."""
    return tuple(stream.topic for stream in info.streams if stream.signal == "wrench")
