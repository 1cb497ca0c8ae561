"""Writes the settings of runs as the trainer does, for tests that need no weights."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.learning.config import Budget, EpisodeSource, RdpConfig, RunConfig

SOURCE = EpisodeSource(
    uuid="u", file="/data/u.h5", sha256="0", ticks=100, validation=False, start_ns=0, end_ns=2_000_000_000
)


def write_run(folder: Path, **changes: object) -> Path:
    """Write `config.json` of a run of 100 steps, 40 of them the tokenizer's, with some fields changed."""
    config = RunConfig(1, "rdp", "sim/wipe", "wipe", 63, RdpConfig(), Budget(100), 3, (), (SOURCE,), "0.1.0")
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(config, **changes)))
    return folder
