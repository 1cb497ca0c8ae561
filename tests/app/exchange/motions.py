"""Episodes whose every sample follows from its time, so that a test knows what must stand at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

from app.core.ids import new_uuid
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader, StreamSpec
from recorders.commit import commit
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.labels import change_labels
from recorders.records import TAKE_SCHEMA_VERSION, Outcome, StopRecord, TakeRecord
from tests.recorders.fake_device import make_info

START_NS = 7_000_000_000
HEIGHT, WIDTH = 48, 64
SPECS = (
    StreamSpec(
        "arm", "pose", "<f8", (7,), 250.0, "m", "base", labels=("x", "y", "z", "qw", "qx", "qy", "qz")
    ),
    StreamSpec("arm", "gripper", "<f8", (1,), 250.0, "m", labels=("opening",)),
    StreamSpec("arm", "twist", "<f8", (6,), 250.0, "m/s, rad/s", "base"),
    StreamSpec("arm", "applied", "<f8", (8,), 100.0, "m", "base"),
    StreamSpec("arm", "reasons", "<u4", (1,), 100.0),
    StreamSpec("finger", "wrench", "<f4", (6,), 250.0, "N, N·m", "tool"),
    StreamSpec("finger", "field", "<f4", (7, 3), 62.5, "mm", "tool"),
    StreamSpec("scene", "color", "|u1", (HEIGHT, WIDTH, 3), 25.0, encoding="jpeg"),
    StreamSpec("wrist", "color", "|u1", (HEIGHT, WIDTH, 3), 10.0, encoding="jpeg"),
    StreamSpec("task", "score", "<f8", (2,), 25.0, privileged=True),
)


def value(topic: str, t_ns: np.ndarray | int) -> np.ndarray:
    """Return what a stream of numbers shows at times (n,), shape (n, values)."""
    t = (np.atleast_1d(np.asarray(t_ns, np.int64)) - START_NS) * 1e-9
    if topic == "arm/pose":  # straight on, turning about z at 0.8 rad/s
        half = 0.4 * t
        zero = np.zeros_like(t)
        return np.stack(
            [0.3 + 0.1 * t, -0.2 * t, 0.2 + 0 * t, np.cos(half), zero, zero, np.sin(half)], axis=1
        )
    if topic == "arm/reasons":
        return np.floor(t * 10)[:, None]
    width = int(np.prod(next(spec.shape for spec in SPECS if spec.topic == topic)))
    return 0.5 * t[:, None] + np.arange(width) / 100.0


def picture(topic: str, number: int) -> np.ndarray:
    """Return picture `number` of a camera: a grey of its own, and a bar whose length is its number."""
    grey = (40 + number * 23) % 200 + (20 if topic.startswith("wrist") else 0)
    pixels = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
    pixels[:16, : number % WIDTH] = 255 - grey
    return pixels


def times_of(spec: StreamSpec, seconds: float) -> np.ndarray:
    """Return the times of a stream's samples, int64."""
    count = int(seconds * spec.rate_hz) + 1
    return START_NS + np.round(np.arange(count) * 1e9 / spec.rate_hz).astype(np.int64)


def make_motion(folder: Path, seconds: float = 2.0, outcome: Outcome = "success", **meta: Any) -> str:
    """Write an episode into a data folder; returns its uuid."""
    uuid = new_uuid()
    path = journal_path(folder, uuid)
    info = make_info(True, SPECS)
    take = TakeRecord(
        TAKE_SCHEMA_VERSION, uuid, "2026-02-03T04:05:06.789+00:00", {"task": "wipe", **meta}, info, "0.1.0"
    )
    writer = JournalWriter(path, take)
    end = START_NS
    for spec in SPECS:
        for number, t_ns in enumerate(times_of(spec, seconds)):
            if spec.encoding == "jpeg":
                buffer = simplejpeg.encode_jpeg(
                    picture(spec.topic, number), quality=98, colorsubsampling="444"
                )
            else:
                buffer = value(spec.topic, int(t_ns)).astype(spec.dtype).tobytes()
            times = (int(t_ns),)
            header = SampleHeader(
                SCHEMA_VERSION,
                spec.device,
                spec.signal,
                number,
                1,
                times,
                times,
                spec.encoding,
                spec.dtype,
                spec.shape,
            )
            writer.append(spec.topic, header, buffer, int(t_ns))
            end = max(end, int(t_ns))
    writer.finish(StopRecord(TAKE_SCHEMA_VERSION, outcome, START_NS, end, {}))
    assert commit(folder, path) is not None
    return uuid


def make_labelled(folder: Path, seconds: float = 2.0) -> str:
    """Write an episode with everything that a person can say of one."""
    uuid = make_motion(
        folder, seconds, "failure", operator="Ada", seed=7, condition="moved", score=0.75, instruction="first words",
        provenance={"parent": "an-older-one", "recipe": "pulse"},
    )  # fmt: skip
    change_labels(
        folder, uuid,
        {"outcome": "success", "instruction": "wipe it – gently", "notes": "käse",
         "phases": [[START_NS + 500_000_000, "approach"], [START_NS + 1_000_000_000, "contact"]],
         "subtasks": [[START_NS + 500_000_000, START_NS + 990_000_000, "come near"],
                      [START_NS + 1_000_000_000, START_NS + 1_400_000_000, "press gently"]]},
    )  # fmt: skip
    return uuid
