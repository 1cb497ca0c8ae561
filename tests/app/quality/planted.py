"""Synthetic takes through the real recorder: clean ones, and ones with a defect at a known time."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import simplejpeg

from app.core.ids import new_uuid
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader, StreamSpec
from recorders.commit import commit
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord
from tests.recorders.fake_device import make_info
from tests.recorders.takes import take_record

START_NS = 1_000_000_000
CONTACT_S = (2.0, 4.0)
MARKERS = 12
DEFECT_S = 3.0  # when every defect happens or begins, if not said otherwise
LAG_S = 0.12
Stream = tuple[StreamSpec, np.ndarray, np.ndarray]  # spec, times in s (n,), samples (n, *shape)


def smooth(t_s: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return a minimum-jerk step from 0 to 1."""
    s = np.clip((t_s - start) / (end - start), 0.0, 1.0)
    return 10 * s**3 - 15 * s**4 + 6 * s**5


def path(t_s: np.ndarray) -> np.ndarray:
    """Return positions (n, 3): down, along, up again; never still for long."""
    x = 0.4 + 0.02 * np.sin(2.0 * t_s) + 0.15 * smooth(t_s, 2.0, 4.0)
    z = 0.3 - 0.1 * smooth(t_s, 0.0, 2.0) + 0.1 * smooth(t_s, 4.0, 6.0)
    return np.stack([x, 0.1 * np.sin(1.3 * t_s), z], axis=1)


def poses(t_s: np.ndarray) -> np.ndarray:
    return np.concatenate([path(t_s), np.tile([1.0, 0, 0, 0, 0.04], (len(t_s), 1))], axis=1)


def pushed(t_s: np.ndarray) -> np.ndarray:
    """Return how hard the contact is (n,), 0 to 1."""
    begin, end = CONTACT_S
    return smooth(t_s, begin, begin + 0.3) * (1.0 - smooth(t_s, end - 0.3, end))


def make_streams(defect: str, seconds: float, seed: int) -> list[Stream]:
    """Return the streams of a take with a defect; an empty one gives a clean take."""
    chance = np.random.default_rng(seed)
    fast, slow, few = (np.arange(0.0, seconds, step) for step in (0.004, 0.02, 0.2))
    touch_s = np.arange(0.0, seconds, 0.016)
    commanded, applied, pose = poses(slow), poses(fast - 0.02), poses(fast - LAG_S)
    applied[:, 7] = pose[:, 7] = 0.04
    late = (fast > DEFECT_S) & (fast < DEFECT_S + 2.5)
    if defect == "lag":
        pose = poses(fast - 0.4)
    if defect == "clipped":
        applied[late], pose[late] = applied[late][0], pose[late][0]
    reasons = np.zeros((len(fast), 1), np.uint32)
    if defect == "stopped":
        reasons[(fast > DEFECT_S) & (fast < DEFECT_S + 0.3)] = 1024
    wrench = chance.normal(0.0, 0.04, (len(fast), 6)) * [1, 1, 1, 0.02, 0.02, 0.02]
    wrench[:, 2] -= 8.0 * pushed(fast)
    field = chance.normal(0.0, 0.01, (len(touch_s), MARKERS, 3))
    field[:, :, 2] -= 0.8 * pushed(touch_s)[:, None] * np.linspace(0.7, 1.0, MARKERS)
    if defect == "spike":
        wrench[(fast >= DEFECT_S) & (fast < DEFECT_S + 0.016), 0] += 15.0
    if defect == "drift":
        wrench[fast > DEFECT_S, 1] += 0.9
    if defect == "saturated":
        wrench[:, 2] = np.maximum(wrench[:, 2], -6.0)
    if defect == "dead":
        frozen = touch_s >= DEFECT_S
        field[frozen, 5] = field[frozen, 5][0]
    picture = np.tile(np.linspace(40, 200, 64, dtype=np.uint8), (48, 1))
    if defect == "dark":
        picture = picture // 40
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(np.repeat(picture[:, :, None], 3, axis=2)), quality=90)
    return [
        (StreamSpec("arm", "commanded", "<f8", (8,), 0.0, required=False), slow, commanded),
        (StreamSpec("arm", "applied", "<f8", (8,), 250.0), fast, applied),
        (StreamSpec("arm", "pose", "<f8", (7,), 250.0), fast, pose[:, :7]),
        (StreamSpec("arm", "reasons", "<u4", (1,), 250.0), fast, reasons),
        (StreamSpec("finger", "wrench", "<f4", (6,), 250.0), fast, wrench),
        (StreamSpec("finger", "field", "<f4", (MARKERS, 3), 62.5), touch_s, field),
        (
            StreamSpec("scene", "color", "|u1", (48, 64, 3), 5.0, encoding="jpeg"),
            few,
            np.full(len(few), jpeg, object),
        ),
    ]


def make_take(folder: Path, defect: str = "", seconds: float = 6.0, seed: int = 0, **meta: object) -> Path:
    """Record a take and return its episode's file."""
    messages = []
    streams = make_streams(defect, seconds, seed)
    for spec, times, rows in streams:
        for number, (t_s, sample) in enumerate(zip(times, rows, strict=True)):
            t_ns = START_NS + round(t_s * 1e9)
            if defect == "gap" and spec.signal == "wrench" and DEFECT_S < t_s < DEFECT_S + 0.1:
                continue
            about = (spec.encoding, spec.dtype, spec.shape)
            header = SampleHeader(
                SCHEMA_VERSION, spec.device, spec.signal, number, 1, (t_ns,), (t_ns,), *about
            )
            data = sample if spec.encoding == "jpeg" else np.asarray(sample, spec.dtype).tobytes()
            messages.append((spec.topic, header, data))
    messages.sort(key=lambda message: message[1].t_ns[0])
    uuid = new_uuid()
    journal = journal_path(folder, uuid)
    said = take_record(uuid, **{"operator": "ada", "score": 1.0, **meta})
    info = make_info(True, tuple(spec for spec, _, _ in streams))
    writer = JournalWriter(journal, msgspec.structs.replace(said, server=info))
    for topic, header, data in messages:
        writer.append(topic, header, data, header.t_ns[-1])
    end = START_NS + round(seconds * 1e9)
    writer.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", START_NS, end, {}))
    kept = commit(folder, journal)
    assert kept is not None
    return kept.path
