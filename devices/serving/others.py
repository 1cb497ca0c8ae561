"""The arms beside the first, each with a governor of its own; lease, enabling and stops are one for all.

Used by `devices.serving.core`. A rig with one arm has none here, and then nothing of this does anything.
"""

from __future__ import annotations

from typing import cast

import msgspec
import numpy as np

from app.core.errors import RigError
from app.core.rig import Rig
from app.core.safety import governor
from app.core.safety.reasons import Reason
from app.core.safety.state import GovernorState
from app.core.wire.messages import SOURCES, ArmInfo, ArmTarget, Enable, SetPoint, Source, StreamSpec
from devices.interface import Description, Device, Sample, SeveralArms, Target


def governor_streams(arm: str) -> tuple[StreamSpec, ...]:
    """Return the specs of what the governor of one arm publishes."""
    return (
        StreamSpec(arm, "commanded", "<f8", (8,), 0.0, "m, quaternion w x y z, m", "base", required=False),
        StreamSpec(arm, "applied", "<f8", (8,), 250.0, "m, quaternion w x y z, m", "base"),
        StreamSpec(arm, "source", "|u1", (1,), 250.0),
        StreamSpec(arm, "reasons", "<u4", (1,), 250.0),
    )


def governor_samples(arm: str, state: GovernorState, reasons: Reason, device_ns: int) -> list[Sample]:
    """Return what one governor did: the applied target, whose it is, and why it was changed."""
    applied = np.concatenate([state.position, state.quaternion, [state.gripper]])
    moving = state.source if state.setpoint is not None else "none"
    return [
        Sample(f"{arm}/applied", device_ns, applied),
        Sample(f"{arm}/source", device_ns, np.array([SOURCES.index(moving)], np.uint8)),
        Sample(f"{arm}/reasons", device_ns, np.array([int(reasons)], np.uint32)),
    ]


class OtherArms:
    """Governor states of the arms beside the first.

    Attributes:
        states: By name.
        reasons: What each governor said at the newest `advance`.

    Raises:
        RigError: If the rig file has not the limits of just these arms.
    """

    def __init__(self, rig: Rig, device: Device, about: Description) -> None:
        if set(rig.others) != set(about.others):
            raise RigError(
                f"rig {rig.name!r}", f"it has limits for the arms {sorted(rig.others)} beside the first",
                options=sorted(about.others), way_out="Give each of them a table [others.NAME]",
            )  # fmt: skip
        self._rig, self._about = rig, about
        self._device = cast(SeveralArms, device)
        self.states: dict[str, GovernorState] = {}
        self.reasons: dict[str, Reason] = {}
        if about.others:
            self.states = self._at_rest()

    def _at_rest(self) -> dict[str, GovernorState]:
        found = self._device.measured_others()
        return {name: GovernorState.at(found[name].pose, found[name].gripper) for name in self._about.others}

    def infos(self) -> tuple[ArmInfo, ...]:
        """Return what clients are told of these arms."""
        homes, limits = self._about.others, self._rig.others
        return tuple(
            ArmInfo(name, tuple(float(x) for x in homes[name]), limits[name].numbers()) for name in homes
        )

    def accept(self, setpoint: SetPoint, targets: tuple[ArmTarget, ...], now_ns: int) -> Reason:
        """Judge one message's targets; if one is refused, none is taken. An arm that is not named holds."""
        wanted = {target.arm: target for target in targets}
        if len(wanted) < len(targets) or not set(wanted) <= set(self.states):
            return Reason.SCHEMA
        judged = {}
        for name, state in self.states.items():
            target = wanted.get(name, ArmTarget(name, None, state.gripper))
            own = msgspec.structs.replace(setpoint, pose=target.pose, gripper=target.gripper)
            judged[name], reason = governor.accept(state, own, now_ns, self._rig.others[name])
            if reason:
                return reason
        self.states = judged
        return Reason.NONE

    def enable(self, enable: Enable, now_ns: int) -> None:
        """Take in an enabling input."""
        for name, state in self.states.items():
            self.states[name], _ = governor.accept_enable(state, enable, now_ns, self._rig.simulated)

    def take_lease(self, holder: str, source: Source, now_ns: int) -> None:
        """Follow the first arm, whose lease was given."""
        for name, state in self.states.items():
            self.states[name], _ = governor.take_lease(state, holder, source, now_ns)

    def release_lease(self, holder: str) -> None:
        """Free the arms if `holder` has them."""
        for name, state in self.states.items():
            self.states[name] = governor.release_lease(state, holder)

    def reset(self) -> None:
        """Begin anew where the arms stand, with the lease that there is."""
        self.reasons.clear()
        if self.states:
            fresh = self._at_rest()
            self.states = {name: governor.keep_lease(old, fresh[name]) for name, old in self.states.items()}

    def stop(self, reason: Reason) -> None:
        """End motion until the enabling input is released and pressed again."""
        for name, state in self.states.items():
            self.states[name] = governor.stop(state, reason)

    def rest(self) -> None:
        """Come back after a stall of this process."""
        if self.states:
            measured = self._device.measured_others()
            self.states = {name: governor.rest(old, measured[name]) for name, old in self.states.items()}

    def advance(self, first: GovernorState, t_ns: int) -> GovernorState:
        """Move each applied target by one period; where one arm was stopped, first included, all are.

        Args:
            first: State of the first arm after its own period.

        Returns:
            The first arm's state: stopped if another one was.
        """
        if not self.states:
            return first
        measured, tracking_s = self._device.measured_others(), self._rig.period_ms * 1e-3
        for name, state in self.states.items():
            self.states[name], self.reasons[name] = governor.advance(
                state, measured[name], t_ns, self._about.tick_s, tracking_s, self._rig.others[name]
            )
        return self._together(first)

    def _together(self, first: GovernorState) -> GovernorState:
        arms = [first, *self.states.values()]
        spent = [arm for arm in arms if arm.press and arm.spent_press >= arm.press]
        if not spent or len(spent) == len(arms):
            return first
        why = Reason.NONE
        for arm in spent:
            why |= arm.latched
        self.stop(why)
        return governor.stop(first, why)

    def drive(self, pose: np.ndarray, gripper: float) -> list[Sample]:
        """Let the device go one period towards the targets of all arms: `pose` and `gripper` are the first's."""
        if not self.states:
            return self._device.advance(pose, gripper)
        targets = {
            name: Target(np.concatenate([state.position, state.quaternion]), state.gripper)
            for name, state in self.states.items()
        }
        return self._device.advance_all(pose, gripper, targets)

    def said(self) -> Reason:
        """Return the reasons of all of these governors in the newest period."""
        together = Reason.NONE
        for reasons in self.reasons.values():
            together |= reasons
        return together

    def samples(self, device_ns: int) -> list[Sample]:
        """Return what the governors did in the newest period."""
        return [
            sample
            for name, state in self.states.items()
            for sample in governor_samples(name, state, self.reasons.get(name, Reason.NONE), device_ns)
        ]
