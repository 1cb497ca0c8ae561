"""Makes an episode of a journal: convert, sync, verify against the journal, rename, then drop the journal.

Killed at any point, either the journal is still whole or the episode is there and verified; a second call finishes
the work. Used by the recorder after each take, and at its start for the takes that were left behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import h5py

from app.core.episodes import Flag
from app.core.errors import RecordingError
from recorders.converting import Conversion, Converted
from recorders.files import episode_path, free_bytes, make_folder, part_path, publish, remove
from recorders.hdf5.verify import problems_of
from recorders.hdf5.writer import Expected
from recorders.journal_reader import JournalReader
from recorders.records import TakeRecord

DAMAGED_SUFFIX = ".damaged"
_SLACK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Committed:
    """What became of a take.

    Attributes:
        path: The episode file.
        seconds: Length of the take.
        dropped: Missing samples in all streams together.
        streams: Samples by topic.
        flags: Gaps, stalled and stuck streams.
    """

    path: Path
    outcome: str
    seconds: float
    dropped: int
    streams: dict[str, int]
    flags: tuple[Flag, ...] = ()


def commit(folder: Path, journal: Path, begun: Conversion | None = None) -> Committed | None:
    """Convert a journal into the episode of its take, and delete the journal.

    Args:
        folder: Data folder.
        journal: The journal, closed.
        begun: The file that was made of its beginning while the take ran; it is finished or given up here.

    Returns:
        What was kept, or None when the journal holds no sample at all (it is deleted then).

    Raises:
        RecordingError: If the disk has no room, or the written file is not what the journal holds; the journal stays.
    """
    with JournalReader(journal) as reader:
        committed = _write(folder, reader, begun)
        damaged = reader.damaged
    if damaged:  # what could not be read stays on the disk, out of the way
        publish(journal, journal.with_name(journal.name + DAMAGED_SUFFIX))
    else:
        remove(journal)
    return committed


def _write(folder: Path, reader: JournalReader, begun: Conversion | None) -> Committed | None:
    take = reader.take or TakeRecord.lost(reader.path.stem)
    final = episode_path(folder, take.uuid)
    part = part_path(final)
    try:
        with contextlib.ExitStack() as closing:
            if begun is not None:
                closing.push(begun)
            make_folder(final.parent)
            converted = _convert(reader, take, part, begun)
        if converted is None:
            part.unlink()
            return None
        publish(part, final)
    except RecordingError:
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecordingError(
            f"episode {final}", f"it could not be written ({error.strerror or error})",
            way_out=f"The take is safe in {reader.path}; make room, and the next start of a recorder commits it",
        ) from error  # fmt: skip
    about = converted.attributes
    seconds = max(0, about["end_ns"] - about["start_ns"]) * 1e-9
    return Committed(final, about["outcome"], seconds, converted.dropped, converted.samples, converted.flags)


def _convert(
    reader: JournalReader, take: TakeRecord, part: Path, begun: Conversion | None
) -> Converted | None:
    """Write and verify the temporary file, from the beginning or on from where it is; None if nothing is to keep."""
    end_ns = reader.stop.end_ns if reader.stop else 0
    if begun is not None and begun.part == part and reader.stop is not None and begun.end_at(end_ns):
        _check_room(part.parent, reader.path, begun.place)
        begun.add(reader.messages(begun.place))
        return _finish(begun, reader)
    if begun is not None:  # it went beyond the end that the take has now
        begun.__exit__(None, None, None)
    _check_room(part.parent, reader.path, part.stat().st_size if part.exists() else 0)
    with Conversion(
        part, take, watched=reader.stop is not None
    ) as conversion:  # else nobody watched to the end
        conversion.end_at(end_ns)
        conversion.add(reader.messages())
        return _finish(conversion, reader)


def _finish(conversion: Conversion, reader: JournalReader) -> Converted | None:
    """Close the file, and verify it while it goes to the disk: what is read is what the kernel holds, either way."""
    converted = conversion.finish(reader)
    if converted is None:
        return None
    with ThreadPoolExecutor(1, thread_name_prefix="sync") as aside:
        synced = aside.submit(conversion.sync)
        _verify(conversion.part, converted.encodings, converted.expected, reader.content)
        synced.result()
    return converted


def _check_room(folder: Path, journal: Path, there: int = 0) -> None:
    """Refuse to write an episode that will not fit, of which so many bytes are there already."""
    needed = journal.stat().st_size - there + _SLACK_BYTES
    if free_bytes(folder) < needed:
        raise RecordingError(
            f"data folder {folder.parent}", f"the disk has no room for an episode of {needed / 1e6:.1f} MB",
            way_out=f"The take is safe in {journal}; make room, and the next start of a recorder commits it",
        )  # fmt: skip


def _verify(part: Path, encodings: Mapping[str, str], expected: Expected, journal: memoryview) -> None:
    try:
        with h5py.File(part, "r", locking=False) as file:
            problems = problems_of(file, encodings, expected, journal)
    except (OSError, KeyError, RuntimeError) as error:
        problems = [str(error)]
    if problems:
        part.unlink(missing_ok=True)
        raise RecordingError(
            f"episode {part}", f"what was written is not what was recorded: {problems[0]}",
            way_out="The journal is kept; check the disk, and start the recorder again",
        )  # fmt: skip
