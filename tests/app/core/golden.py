"""One message of every kind, as it is on the wire. The bytes beside it: `golden.json`."""

from __future__ import annotations

import msgspec

from app.core.wire.messages import (
    ArmInfo,
    ArmTarget,
    Beat,
    CameraInfo,
    Command,
    Enable,
    Event,
    Reply,
    SampleHeader,
    ServerInfo,
    SetPoint,
    SetPoints,
    StreamSpec,
    TouchInfo,
)

POSE = (0.5, -0.25, 0.125, 0.0, 1.0, 0.0, 0.0)
SPEC = StreamSpec("arm", "pose", "<f8", (7,), 250.0, "m", "base", labels=("x",), privileged=True)
MESSAGES: dict[str, msgspec.Struct] = {
    "SampleHeader": SampleHeader(1, "arm", "pose", 7, 2, (10, 20), (11, 21), "raw", "<f8", (7,)),
    "SampleHeader of a picture": SampleHeader(
        1, "scene", "color", 2**40, 1, (2**62,), (-1,), "jpeg", "|u1", (480, 640, 3)
    ),
    "SetPoint": SetPoint(1, "me", "operator", 3, 2**60, 2**60 - 1, 4, -1, POSE, 0.04),
    "SetPoint without target": SetPoint(1, "me", "takeover", 4, 1, 0, 0, 9, None, 0.0),
    "ArmTarget": ArmTarget("arm2", POSE, 0.5),
    "SetPoints": SetPoints(
        1, SetPoint(1, "me", "operator", 3, 2**60, 0, 4, -1, POSE, 0.5), (ArmTarget("arm2", None, 0.0),)
    ),
    "Enable": Enable(1, "window", 2**60, 5, False),
    "Command": Command(1, 9, "reset", {"seed": 3, "condition": "nominal"}),
    "Reply": Reply(1, 9, True, {"epoch": 2}),
    "Reply with an error": Reply(1, 9, False, None, "The arm is held. Stop that first."),
    "Event": Event(1, 2, "run-1", "operate", "notice", {"level": "info", "text": "ä"}),
    "Beat": Beat(1, 2**60, True, 6, (0.0, 1.0, 0.0, 0.0, -0.5, 0.0), 0.5, -1.0, False),
    "StreamSpec": SPEC,
    "CameraInfo": CameraInfo("scene", 640, 480, 500.0, 501.0, 320.0, 240.0, "base", (1.0,) * 16),
    "TouchInfo": TouchInfo("finger", (0.5,) * 16, (0.0, 0.25, 0.5)),
    "ArmInfo": ArmInfo("arm2", POSE, {"speed_m_s": 0.25}),
    "ServerInfo": ServerInfo(
        "sim/wipe", True, False, 20_000_000, (SPEC,), (), (0.0, 0.5, 1.0), POSE, {"speed_m_s": 0.25}, "wipe", "0.1.0"
    ),
}  # fmt: skip
