"""One take from reset to saved episode, with a driver that needs no hand. Used by collect, augment, deploy and demo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import ProcessError
from app.core.ids import new_uuid
from app.core.link.hub import Child, Hub
from app.session.rigging import RigAtHand

SUCCESS_SCORE = 0.9
CUT_OFF = ("end", "stop", "interrupted")  # by a person, or by a lapse of the enabling input
SAVE_S = 120.0
OPEN_S = 20.0
DRIVE_S = 600.0


class StoppedEarly(Exception):
    """A take was stopped before the driver drove: nothing was recorded."""


@dataclass(frozen=True)
class TakeSpec:
    """What to record.

    Attributes:
        seed, condition: Of the task.
        limit_s: Longest duration in session time.
        meta: Attributes of the episode (operator, instruction, provenance, …).
        drive: Settings for the driver's `begin`.
    """

    seed: int
    condition: str = ""
    limit_s: float = 30.0
    meta: dict[str, Any] = field(default_factory=dict)
    drive: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TakeResult:
    """What became of a take. `why` is how the driver ended (done, time, end, fault, stop, interrupted)."""

    uuid: str
    path: str
    outcome: str
    score: float
    removed: float
    dropped: int
    seconds: float
    why: str
    seed: int
    delays: dict[str, float] = field(default_factory=dict)


def record_take(
    hub: Hub,
    rig: RigAtHand,
    recorder: Child,
    driver: Child,
    spec: TakeSpec,
    watch: Callable[[], object] | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> TakeResult:
    """Reset, tare, record, drive, judge by the task's own score, save. `watch` is called while the driver drives.

    Raises:
        StoppedEarly: If `stopping()` holds before the driver begins.
        ProcessError: If a child dies or falls silent.
    """
    uuid = new_uuid()
    condition = rig.reset(spec.seed, spec.condition)
    if stopping():
        raise StoppedEarly
    start = int(rig.client.call("status")["t_ns"])
    meta = {
        "task": rig.info.task,
        "rig": rig.info.rig,
        "seed": spec.seed,
        "condition": condition,
        **spec.meta,
    }
    hub.intent(recorder, "take_start", take=uuid, meta=meta)
    _await_state(hub, recorder, ("waiting", "recording"), OPEN_S)
    if stopping():
        hub.intent(recorder, "take_drop")
        _await_state(hub, recorder, ("dropped",), SAVE_S)
        raise StoppedEarly
    until = start + round(spec.limit_s * 1e9)
    hub.intent(driver, "begin", seed=spec.seed, until_ns=until, meta=spec.drive)
    ended = _await_end(hub, driver, watch)
    rig.follow(complete=True)
    score, removed = rig.score or (0.0, 0.0)
    outcome = judge(score, str(ended["why"]))
    closing = {"score": score, "removed": removed, "ended": ended["why"]}
    if delays := ended.get("delays"):
        closing["delays"] = delays
    hub.intent(recorder, "take_stop", outcome=outcome, until_ns=int(ended["t_ns"]), meta=closing)
    saved = _await_state(hub, recorder, ("saved",), SAVE_S)
    return TakeResult(
        uuid, str(saved["path"]), outcome, score, removed, int(saved.get("dropped", 0)), float(saved["seconds"]),
        str(ended["why"]), spec.seed, dict(delays or {}),
    )  # fmt: skip


def judge(score: float, why: str) -> str:
    """Return the outcome of a take: what was cut off before it succeeded is no failure, it is discarded."""
    if score >= SUCCESS_SCORE and why in ("done", "time", "end"):
        return "success"
    return "discarded" if why in CUT_OFF else "failure"


def _await_state(hub: Hub, child: Child, names: tuple[str, ...], timeout_s: float) -> dict[str, Any]:
    while True:
        body = hub.wait_for(child, ("state",), timeout_s).body
        if body.get("name") in names:
            return body
        if body.get("name") == "failed":
            raise ProcessError(f"process {child.role!r}", str(body.get("text", "the take failed")))


def _await_end(hub: Hub, driver: Child, watch: Callable[[], object] | None) -> dict[str, Any]:
    idle = 0
    while idle * 0.05 < DRIVE_S:
        heard = False
        for source, event in hub.poll(50):
            heard = heard or source is driver
            if source is driver and event.kind == "state" and event.body.get("name") == "ended":
                return event.body
        if watch is not None:
            watch()
        if not driver.running and not hub.socket.poll(0):
            raise hub.death_of(driver)
        idle = 0 if heard else idle + 1
    raise ProcessError(f"process {driver.role!r}", f"it neither drove nor ended for {DRIVE_S:g} s")
