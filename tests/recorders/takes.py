"""Journals and episodes made without a process, for tests of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.core.ids import new_uuid
from recorders.commit import commit
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.records import TAKE_SCHEMA_VERSION, Outcome, StopRecord, TakeRecord
from tests.recorders.fake_device import PERIOD_NS, Message, Signals, make_info


def take_record(uuid: str, **meta: Any) -> TakeRecord:
    created = f"2026-01-02T03:04:05.{int(uuid.replace('-', '')[-3:], 16) % 1000:03d}+00:00"
    return TakeRecord(TAKE_SCHEMA_VERSION, uuid, created, {"task": "wipe", **meta}, make_info(True), "0.1.0")


def make_messages(periods: int, start: int = 1) -> list[Message]:
    signals = Signals()
    return [message for i in range(start, start + periods) for message in signals.next_period(i * PERIOD_NS)]


def write_journal(
    folder: Path,
    messages: list[Message],
    outcome: Outcome | None = "success",
    sync_every: int = 20,
    end_ns: int = 0,
    **meta: Any,
) -> tuple[Path, list[tuple[int, int]]]:
    """Write a journal; without an outcome it is left as a dead recorder leaves it.

    Returns:
        The journal, and for each sync (bytes in the file, messages that are safe).
    """
    uuid = new_uuid()
    path = journal_path(folder, uuid)
    writer = JournalWriter(path, take_record(uuid, **meta))
    synced = [(writer.size, 0)]
    for number, (topic, header, buffer) in enumerate(messages, 1):
        writer.append(topic, header, buffer, header.t_ns[-1])
        if number % sync_every == 0:
            writer.sync()
            synced.append((writer.size, number))
    if outcome is None:
        writer.sync()
        writer.abandon()
    else:
        end = end_ns or max(header.t_ns[-1] for _, header, _ in messages) if messages else 0
        writer.finish(StopRecord(TAKE_SCHEMA_VERSION, outcome, PERIOD_NS, end, {}))
    synced.append((path.stat().st_size, len(messages)))
    return path, synced


def make_episode(folder: Path, periods: int = 50, outcome: Outcome = "success", **meta: Any) -> Path:
    """Write an episode of so many control periods and return its file."""
    journal, _ = write_journal(folder, make_messages(periods), outcome, **meta)
    kept = commit(folder, journal)
    assert kept is not None
    return kept.path
