"""Many small episodes with made-up metadata, for measuring how a large folder is listed. Used by `bench library`.

One episode is written as every other; the rest are copies of its file with attributes and digest of their own, so each
is a whole and valid file.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np

from app.core.wire.messages import SCHEMA_VERSION, SampleHeader, StreamSpec
from recorders.files import episode_path, labels_of
from recorders.hdf5.attributes import seal, write_attribute
from recorders.hdf5.second_index import append_index
from recorders.hdf5.writer import EpisodeWriter
from recorders.journal_reader import JournalMessage
from recorders.records import OUTCOMES
from recorders.samples import KeptSamples
from recorders.sheets import SCHEMA_VERSION as SHEET_VERSION
from recorders.sheets import Labels, LabelSheet

SAMPLES, PERIOD_NS = 50, 20_000_000
LABELLED = 0.5  # share of the episodes of which a person said something
BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
OPERATORS = ("ann", "ben", "chris", "dana")
PHASES = ("approach", "contact", "slide", "release")


def write_many(folder: Path, count: int, seed: int = 0) -> Iterator[int]:
    """Write `count` episodes and the labels of half of them; yields how many there are after each."""
    chance = random.Random(seed)
    first = episode_path(folder, uuid_of(chance))
    first.parent.mkdir(parents=True, exist_ok=True)
    labels_of(folder).mkdir(exist_ok=True)
    alike = attributes_of(first.stem, 0, chance)
    _write_first(first, alike)
    _write_labels(folder, first.stem, chance)
    yield 1
    for number in range(1, count):
        uuid = uuid_of(chance)
        own = attributes_of(uuid, number, chance)
        differing = {name: value for name, value in own.items() if value != alike[name]}
        _copy(first, episode_path(folder, uuid), differing)
        if chance.random() < LABELLED:
            _write_labels(folder, uuid, chance)
        yield number + 1


def uuid_of(chance: random.Random) -> str:
    """Return a name as an episode has."""
    digits = f"{chance.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def attributes_of(uuid: str, number: int, chance: random.Random) -> dict[str, Any]:
    """Return what an episode says of itself."""
    created = BEGIN + timedelta(seconds=40 * number)
    return {
        "uuid": uuid, "created": created.isoformat(timespec="milliseconds"), "software": "bench", "task": "wipe",
        "instruction": "wipe the stroke off the board", "outcome": chance.choice(OUTCOMES),
        "operator": chance.choice(OPERATORS), "condition": f"height {chance.randrange(5)}", "seed": number,
        "score": round(chance.random(), 3), "peak_force_n": round(chance.uniform(2.0, 20.0), 2),
        "start_ns": PERIOD_NS, "end_ns": SAMPLES * PERIOD_NS, "text": "", "recovered": False, "tail_bytes_lost": 0,
        "damaged_chunks": 0, "dropped": {}, "flags": [], "meta": {},
    }  # fmt: skip


def _write_first(path: Path, attributes: dict[str, Any]) -> None:
    spec = StreamSpec("arm", "pose", "<f8", (7,), 1e9 / PERIOD_NS)
    times = tuple(PERIOD_NS * index for index in range(1, SAMPLES + 1))
    header = SampleHeader(
        SCHEMA_VERSION, "arm", "pose", 0, SAMPLES, times, times, "raw", spec.dtype, spec.shape
    )
    data = np.zeros((SAMPLES, 7)).tobytes()
    message = JournalMessage(spec.topic, header, memoryview(data), times[-1])
    with EpisodeWriter(path) as writer:
        writer.add(KeptSamples(message, 0, SAMPLES), spec)
        writer.finish(attributes, {spec.topic: {"dropped": 0}})


def _copy(first: Path, path: Path, attributes: dict[str, Any]) -> None:
    shutil.copyfile(first, path)
    with h5py.File(path, "r+", locking=False) as file:
        for name, value in attributes.items():
            del file.attrs[name]
            write_attribute(file, name, value)
        seal(file)
    append_index(path)


def _write_labels(folder: Path, uuid: str, chance: random.Random) -> None:
    """Write labels as a person leaves them who marked the phases and judged the outcome."""
    marks = tuple(
        (PERIOD_NS * (index * 10 + chance.randrange(1, 10)), name) for index, name in enumerate(PHASES)
    )
    states = (Labels(), Labels(phases=marks), Labels(outcome=chance.choice(OUTCOMES), phases=marks))
    sheet = LabelSheet(SHEET_VERSION, uuid, states, len(states) - 1)
    (labels_of(folder) / f"{uuid}.json").write_bytes(msgspec.json.encode(sheet))
