"""Where things lie in a data folder, and the few file operations that must survive a power cut.

```
DIR/episodes/<uuid>.h5      what was kept (immutable)
DIR/journals/<uuid>.mcap    what is being recorded; goes once its episode is verified
DIR/labels/<uuid>.json      what a person said about an episode afterwards
DIR/catalogue.sqlite        index of the episodes; can always be rebuilt
DIR/.recorder.lock          held by the one recorder of this folder
```
Used by everything in `recorders`.
"""

from __future__ import annotations

import os
from pathlib import Path

EPISODE_SUFFIX = ".h5"
JOURNAL_SUFFIX = ".mcap"
PART_SUFFIX = ".part"


def episodes_of(folder: Path) -> Path:
    """Return the folder of the committed episodes."""
    return folder / "episodes"


def journals_of(folder: Path) -> Path:
    """Return the folder of the journals."""
    return folder / "journals"


def labels_of(folder: Path) -> Path:
    """Return the folder of the label files."""
    return folder / "labels"


def episode_path(folder: Path, uuid: str) -> Path:
    """Return where the episode of a take lies."""
    return episodes_of(folder) / f"{uuid}{EPISODE_SUFFIX}"


def journal_path(folder: Path, uuid: str) -> Path:
    """Return where the journal of a take lies."""
    return journals_of(folder) / f"{uuid}{JOURNAL_SUFFIX}"


def part_path(final: Path) -> Path:
    """Return the temporary name under which `final` is written."""
    return final.with_name(f".{final.name}{PART_SUFFIX}")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, so that a power cut does not take it away with everything in it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def publish(part: Path, final: Path) -> None:
    """Give a synced temporary file its final name, so that a power cut leaves the old state or the new one."""
    os.replace(part, final)
    sync_folder(final.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a small file as a whole: temporary name, fsync, rename, fsync of the folder."""
    part = part_path(path)
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        publish(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def remove(path: Path) -> None:
    """Delete a file and make the deletion survive a power cut."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def free_bytes(folder: Path) -> int:
    """Return how many bytes an unprivileged program may still write on the disk of `folder`."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
