"""The springy board of `contact`, filmed: pictures in which a bright square shows where the finger is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import simplejpeg

from app.core.ids import new_uuid
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader, ServerInfo, StreamSpec
from app.learning.config import CamerasConfig, FlowConfig
from app.learning.runtime.controller import PolicyController
from recorders.commit import commit
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord, TakeRecord
from tests.app.learning.contact import (
    PERIOD_NS,
    Board,
    Recorded,
    chunk_settings,
    deliver,
    demonstrate,
    header_of,
    server_info,
)

TOPIC = "scene/color"
SIZE = (48, 64)
SPEC = StreamSpec("scene", "color", "|u1", (*SIZE, 3), 12.5, encoding="jpeg")
SMALL = CamerasConfig(names=("scene",), size=16, features=8, crop=0.875)


def settings(cameras: CamerasConfig = SMALL) -> FlowConfig:
    """Return a small flow policy that sees."""
    plain = chunk_settings("flow")
    assert isinstance(plain, FlowConfig)
    return msgspec.structs.replace(plain, cameras=cameras)


def jpeg_at(position: np.ndarray, shade: int = 40) -> bytes:
    """Return a picture of a finger at a position (3,), m."""
    picture = np.full((*SIZE, 3), shade, dtype=np.uint8)
    row, column = int(30 - 200 * (position[2] - 0.1)), int(8 + 400 * (position[0] - 0.47))
    picture[max(0, row) : max(0, row) + 8, max(0, column) : max(0, column) + 8] = (250, 200, 30)
    data: bytes = simplejpeg.encode_jpeg(picture, quality=90, colorspace="RGB")
    return data


def filmed_info() -> ServerInfo:
    """Return a rig with a camera."""
    plain = server_info()
    return msgspec.structs.replace(plain, streams=(*plain.streams, SPEC))


def picture_header(seq: int, t_ns: int) -> SampleHeader:
    """Return the header of one picture."""
    return SampleHeader(SCHEMA_VERSION, "scene", "color", seq, 1, (t_ns,), (t_ns,), "jpeg", "|u1", (*SIZE, 3))


def write_filmed(folder: Path, seed: int, every: int = 4) -> Path:
    """Write a demonstration as the recorder does, with a picture every so many ticks."""
    uuid, recorded = new_uuid(), demonstrate(seed)
    journal = journal_path(folder, uuid)
    take = TakeRecord(
        TAKE_SCHEMA_VERSION, uuid, f"2026-01-01T00:{seed:02d}:00+00:00", {"task": "wipe"}, filmed_info(), "0"
    )
    writer = JournalWriter(journal, take)
    ticks = len(recorded.times_ns("arm/pose"))
    for tick in range(ticks):
        t_ns = tick * PERIOD_NS
        for topic, values in recorded.streams.items():
            header = header_of(topic, values[tick], tick, t_ns)
            writer.append(topic, header, np.ascontiguousarray(values[tick]).tobytes(), t_ns)
        if tick % every == 0:
            jpeg = jpeg_at(recorded.streams["arm/pose"][tick][:3])
            writer.append(TOPIC, picture_header(tick // every, t_ns), jpeg, t_ns)
    writer.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", 0, ticks * PERIOD_NS, {}))
    kept = commit(folder, journal)
    assert kept is not None
    return kept.path


class Filmed(Recorded):
    """A demonstration with pictures at any times; only their times are asked for."""

    def __init__(self, seed: int, times_ns: np.ndarray) -> None:
        super().__init__({**demonstrate(seed).streams, TOPIC: []})
        self._shown_ns = times_ns

    def spec(self, topic: str) -> StreamSpec:
        return SPEC if topic == TOPIC else super().spec(topic)

    def times_ns(self, topic: str) -> np.ndarray:
        return self._shown_ns if topic == TOPIC else super().times_ns(topic)


def show(controller: PolicyController, jpeg: bytes, t_ns: int) -> None:
    """Give a controller a picture, as the wire would."""
    controller.receive(picture_header(0, t_ns), memoryview(jpeg))


def deliver_filmed(controller: PolicyController, board: Board) -> None:
    """Give a controller the samples of the present tick and a picture."""
    deliver(controller, board)
    show(controller, jpeg_at(board.position), board.t_ns)
