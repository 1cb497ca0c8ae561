"""Every message that crosses a process border, as msgspec structs.

Until the first release fields are only added, with defaults, so that yesterday's journals are still read and golden
bytes hold what is there; from the first release on, a change counts `SCHEMA_VERSION` up.

Three families:

* `SampleHeader` + one raw buffer: samples of one signal, on the streams socket (PUB/SUB, topic `device/signal`).
* `Command` / `Reply`: what is asked of a device server (DEALER/ROUTER), and its answer.
* `Event`: what a child process tells its parent (hello, ready, progress, notices, result, bye), and what a
  parent tells a child (heartbeat, intent, stop), on the hub socket (DEALER/ROUTER).

Times are nanoseconds. Poses are 7 numbers: x y z in metres, quaternion w x y z, tool frame in the base frame.
Wrenches are 6 numbers in N and N·m, in the tool frame: what the environment exerts on the finger, tared.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SCHEMA_VERSION = 1
MAX_MESSAGE_BYTES = 32 * 1024 * 1024

Encoding = Literal["raw", "jpeg", "depth16"]
Source = Literal["none", "operator", "policy", "takeover", "replay", "reset", "home"]
SOURCES: tuple[Source, ...] = ("none", "operator", "policy", "takeover", "replay", "reset", "home")


class SampleHeader(msgspec.Struct, frozen=True, array_like=True):
    """One message of the streams socket: `count` samples of one signal, oldest first.

    The buffer that follows is, by `encoding`: `raw` = the array itself, shape (count, *shape), dtype, C order;
    `jpeg` = one JPEG picture, RGB; `depth16` = one zlib stream of uint16 millimetres (height, width).
    """

    version: int
    device: str
    signal: str
    seq: int  # number of the first sample in this message; counts samples of this signal since the server started
    count: int
    t_device_ns: tuple[int, ...]  # the device's own clock, one per sample
    t_ns: tuple[int, ...]  # session clock, one per sample
    encoding: Encoding
    dtype: str
    shape: tuple[int, ...]  # of one sample, decoded


class StreamSpec(msgspec.Struct, frozen=True):
    """What a device says of one signal before anybody connects a recorder.

    Attributes:
        rate_hz: Nominal rate; 0 for signals that come as they come (commands, ticks).
        labels: Name of each column of a 1-D signal, with the unit in `unit`.
        required: A take starts only when this signal has delivered a sample.
        privileged: True state of a simulated task: for the score alone, never an observation.
    """

    device: str
    signal: str
    dtype: str
    shape: tuple[int, ...]
    rate_hz: float
    unit: str = ""
    frame: str = ""
    encoding: Encoding = "raw"
    labels: tuple[str, ...] = ()
    required: bool = True
    privileged: bool = False

    @property
    def topic(self) -> str:
        """`device/signal`, which is the topic on the wire and the group in an episode."""
        return f"{self.device}/{self.signal}"


class CameraInfo(msgspec.Struct, frozen=True):
    """Pinhole camera: intrinsics in pixels and where it sits.

    `pose` is the 4×4 camera pose, row-major, metres, OpenCV axes (x right, y down, z forward), in `mount`'s frame:
    "base" for a fixed camera, "tool" for one that travels with the end effector. `fx` to `cy` count from the outer
    corner of the first pixel.

    Attributes:
        distortion: k1 k2 p1 p2 k3 of the Brown–Conrady model, as OpenCV orders them; empty for none.
        calibrated: When it was calibrated here (ISO 8601); empty when rig file or device say where it sits.
        residual_px: RMS reprojection error of that calibration on poses that it was not made from.
    """

    name: str
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    mount: Literal["base", "tool"]
    pose: tuple[float, ...]
    distortion: tuple[float, ...] = ()
    calibrated: str = ""
    residual_px: float = 0.0


class TouchInfo(msgspec.Struct, frozen=True):
    """Where a touch sensor sits: every device that publishes a wrench or a field of marker displacements is one.

    Attributes:
        name: The `device` of its signals.
        pose: 4×4 pose in the tool frame, row-major, m: its force is drawn from there.
        markers_m: Rest positions of its markers, flat (N·3), m, tool frame; empty without a field.
        arm: The `device` whose `pose` signal carries it.
    """

    name: str
    pose: tuple[float, ...]
    markers_m: tuple[float, ...] = ()
    arm: str = "arm"


class ArmInfo(msgspec.Struct, frozen=True):
    """An arm beside the first one, on a rig with several. Its poses are in the rig's base frame too.

    Attributes:
        name: The `device` of its signals.
        home: Home pose (7,) of its tool.
        limits: Its governor's limits by name, in SI units.
    """

    name: str
    home: tuple[float, ...]
    limits: dict[str, float]


class ServerInfo(msgspec.Struct, frozen=True):
    """What a device server offers: the answer to the command `describe`.

    Attributes:
        markers_m: Rest positions of the first touch field's markers, flat (N·3), metres, tool frame; empty without one.
        home: Home pose (7,) of the tool.
        limits: The governor's limits by name, in SI units.
        period_ns: Length of one control period in nanoseconds.
        note: What the server chose for this machine (picture size, rate), in words.
        touches: Every touch sensor; empty in takes that are older than this field (`app.core.sensors.touches_of`).
        others: The arms beside the first, whose `device` is `arm`; empty on a rig with one arm.
    """

    rig: str
    simulated: bool
    lockstep: bool
    period_ns: int
    streams: tuple[StreamSpec, ...]
    cameras: tuple[CameraInfo, ...]
    markers_m: tuple[float, ...]
    home: tuple[float, ...]
    limits: dict[str, float]
    task: str
    version: str
    note: str = ""
    touches: tuple[TouchInfo, ...] = ()
    others: tuple[ArmInfo, ...] = ()


class SetPoint(msgspec.Struct, frozen=True, array_like=True):
    """A target for one control period, from the holder of the lease.

    Attributes:
        seq: Strictly increasing per holder; an old one is refused.
        stamp_ns: Session time at which the sender made it; it expires `SETPOINT_EXPIRY_NS` later.
        token_ns: Stamp of the person's newest enabling input; 0 when the sender is not a person's hand.
        press: Number of the press that enables; re-arming after a stop needs a new one.
        period: Control period this is meant for in lock-step; -1 in real time.
        pose: Target of the tool in the base frame, or None for "no target this period" (hold).
        gripper: Target opening in metres.
    """

    version: int
    holder: str
    source: Source
    seq: int
    stamp_ns: int
    token_ns: int
    press: int
    period: int
    pose: tuple[float, ...] | None
    gripper: float


class ArmTarget(msgspec.Struct, frozen=True, array_like=True):
    """Where one arm beside the first is to go: tool pose in the rig's base frame, or None to hold; opening in m."""

    arm: str
    pose: tuple[float, ...] | None
    gripper: float


class SetPoints(msgspec.Struct, frozen=True, array_like=True):
    """Targets of all arms of a rig with several, for one control period: taken whole, or refused whole.

    Attributes:
        first: Of the arm `arm`; holder, stamps, press and period hold for all.
        others: Of the other arms; one that is not named holds.
    """

    version: int
    first: SetPoint
    others: tuple[ArmTarget, ...]


class Enable(msgspec.Struct, frozen=True, array_like=True):
    """A person's enabling input on its own (a policy is running), or a headless token on a simulated rig."""

    version: int
    holder: str
    stamp_ns: int
    press: int
    headless: bool


class Command(msgspec.Struct, frozen=True, array_like=True):
    """A request to a device server; each gets exactly one `Reply` with the same id.

    Names: `describe`, `sync` {nonce}, `lease` {holder, source}, `release` {holder}, `reset` {seed, condition} (the
    reply: {epoch, condition}, what the condition came to), `tare`, `publish` (lock-step: publish the present samples
    and tick without stepping), `credit` {holder, count}, `credits_on` {holder, count}, `credits_off` {holder},
    `stop` {reason}, `status`.
    """

    version: int
    id: int
    name: str
    arguments: dict[str, Any]


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """The answer to a `Command`. `error` is a whole sentence for the person when `ok` is false."""

    version: int
    id: int
    ok: bool
    result: Any = None
    error: str = ""


EventKind = Literal[
    "hello", "ready", "heartbeat", "progress", "notice", "state", "result", "bye", "stop", "intent", "reply"
]


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One message between a child process and its parent.

    Attributes:
        seq: Counts the sender's events from 1; a gap means one was lost.
        run: Run id of the child that this is from or to.
        kind: hello, ready {…}, heartbeat, progress {…}, notice {level, text}, state {…}, result {…}, bye {status}
            from the child; heartbeat, intent {name, …}, stop from the parent.
    """

    version: int
    seq: int
    run: str
    role: str
    kind: EventKind
    body: dict[str, Any]


class Beat(msgspec.Struct, frozen=True, array_like=True):
    """One beat of a person's hand on mouse and keyboard, stamped in the window's Qt thread, every 20 ms or faster.

    Attributes:
        stamp_ns: CLOCK_MONOTONIC at which the Qt thread saw the input alive.
        enable: The dead-man is held.
        press: Counts the presses of the dead-man.
        twist: vx vy vz wx wy wz in −1..1 of the present speed, base frame.
        speed: Factor 0..1 on the rig's teleoperation speed.
        gripper: −1 closing, +1 opening, 0 still.
        home: The home key is held (also needs the dead-man).
        clutch: The arm stands while the hand moves on.
        fine: Moves at the fine scale; `speed` has it already.
        lock: What may move, an `app.teleop.modes.Lock`; `twist` has it already.
        arm: Counts the presses of the key that goes to the rig's next arm.
    """

    version: int
    stamp_ns: int
    enable: bool
    press: int
    twist: tuple[float, ...]
    speed: float
    gripper: float
    home: bool
    clutch: bool = False
    fine: bool = False
    lock: int = 0
    arm: int = 0
