"""Why the governor changed or refused something, as bits that are recorded with every applied action."""

from __future__ import annotations

from enum import IntFlag


class Reason(IntFlag):
    """One bit per reason; `words` says them to a person."""

    NONE = 0
    LEASE = 1
    SCHEMA = 2
    NOT_FINITE = 4
    SEQUENCE = 8
    AGE = 16
    NOT_ENABLED = 32
    REARM = 64
    DISTANCE = 128
    WORKSPACE = 256
    SPEED = 512
    FORCE = 1024
    STOPPED = 2048
    EXPIRED = 4096
    POWER = 8192
    LATE = 16384
    TOO_LATE = 32768


# What makes motion other than asked for, without ending it.
LIMITING = Reason.DISTANCE | Reason.WORKSPACE | Reason.SPEED | Reason.POWER | Reason.LATE
# What everyday use brings with it: a hand that lets go.
ROUTINE = Reason.NOT_ENABLED | Reason.REARM


WORDS: dict[Reason, str] = {
    Reason.LEASE: "another source holds the arm",
    Reason.SCHEMA: "the command is malformed",
    Reason.NOT_FINITE: "the command holds a number that is not finite",
    Reason.SEQUENCE: "the command is older than one already taken",
    Reason.AGE: "the command came too late or from the future",
    Reason.NOT_ENABLED: "nobody holds the enabling input",
    Reason.REARM: "stopped; release the enabling input and press it again",
    Reason.DISTANCE: "the target is too far from the measured pose",
    Reason.WORKSPACE: "the target is outside the workspace",
    Reason.SPEED: "the motion is faster than allowed",
    Reason.FORCE: "the contact force is over the limit",
    Reason.STOPPED: "a software stop was asked for",
    Reason.EXPIRED: "no fresh command came",
    Reason.POWER: "the motion would put more energy into the contact than allowed",
    Reason.LATE: "commands begin to come late",
    Reason.TOO_LATE: "too many commands came late within a second",
}


def words(reasons: int) -> list[str]:
    """Return each reason of a bit field in words."""
    return [text for reason, text in WORDS.items() if reasons & reason]


def clause(reasons: int) -> str:
    """Return why motion ended as one clause; that it takes a new press to go on is no cause, and comes last."""
    causes = ", ".join(words(reasons & ~Reason.REARM))
    again = WORDS[Reason.REARM] if reasons & Reason.REARM else ""
    return "; ".join(part for part in (causes, again.removeprefix("stopped; ") if causes else again) if part)
