"""What lies in a data folder: names, sizes and times of episode and label files, and the row of a file.

Each folder is gone through once. Used by `recorders.listing`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from app.core.episodes import EpisodeRow, Flag
from app.core.errors import EpisodeError
from recorders.files import episodes_of, labels_of
from recorders.reader import EpisodeFile

SUFFIXES = (".h5", ".hdf5")
LABEL_SUFFIX = ".json"
Key = tuple[str, str]  # the folder's name below DIR (empty for DIR itself), the file's name
Version = tuple[int, int]  # bytes, time of the last change in ns


def find_files(folder: Path) -> dict[Key, Version]:
    """Return the files that are, or claim to be, episodes: in DIR itself and in DIR/episodes."""
    found: dict[Key, Version] = {}
    for place, where in (("", folder), (episodes_of(folder).name, episodes_of(folder))):
        for name, version in _files(where, SUFFIXES).items():
            found[place, name] = version
    return found


def find_labels(folder: Path) -> dict[str, Version]:
    """Return the label files by uuid."""
    files = _files(labels_of(folder), (LABEL_SUFFIX,))
    return {name.removesuffix(LABEL_SUFFIX): version for name, version in files.items()}


def _files(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Version]:
    found: dict[str, Version] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(suffixes) and not name.startswith("."):
                    try:
                        status = entry.stat()
                        if entry.is_file():
                            found[name] = (status.st_size, status.st_mtime_ns)
                    except OSError:
                        continue  # it went while we looked
    except (FileNotFoundError, NotADirectoryError):
        pass
    return found


def path_of(folder: Path, key: Key) -> str:
    """Return where a file lies."""
    return os.path.join(folder, *key) if key[0] else os.path.join(folder, key[1])


def read_row(path: Path, size: int) -> EpisodeRow:
    """Return what a file says; a broken one gives a row with the reason."""
    name = os.fspath(path).encode("utf-8", "backslashreplace").decode()
    if name != os.fspath(path):
        reason = EpisodeError(f"episode {name}", "its name is no UTF-8", way_out="Rename it").sentence()
        return EpisodeRow(Path(name).stem, name, bytes=size, broken=reason)
    try:
        with EpisodeFile(path) as episode:
            return row_of(path, size, episode.attributes, episode.topics)
    except msgspec.ValidationError as error:
        reason = EpisodeError(f"episode {path}", f"what it says of itself is broken ({error})").sentence()
        return EpisodeRow(path.stem, name, bytes=size, broken=reason)
    except EpisodeError as error:
        return EpisodeRow(path.stem, name, bytes=size, broken=error.sentence())


def row_of(path: Path, size: int, about: Mapping[str, Any], topics: tuple[str, ...]) -> EpisodeRow:
    """Return the row of an episode.

    Args:
        size: Bytes of its file.
        about: Its attributes by name (`EpisodeFile.attributes`).
        topics: Of its streams.
    """
    start_ns, end_ns = int(about["start_ns"]), int(about["end_ns"])
    return EpisodeRow(
        uuid=about["uuid"], path=str(path), task=about["task"], instruction=about["instruction"],
        outcome=about["outcome"], seed=about["seed"], condition=about["condition"],
        seconds=max(0, end_ns - start_ns) * 1e-9, score=about["score"],
        peak_force_n=about["peak_force_n"], operator=about["operator"], created=about["created"],
        software=about["software"], recovered=about["recovered"], dropped=sum(about["dropped"].values()),
        provenance=about["provenance"], start_ns=start_ns, end_ns=end_ns, text=about["text"],
        bytes=size, topics=topics, flags=msgspec.convert(about["flags"] or (), tuple[Flag, ...]),
    )  # fmt: skip
