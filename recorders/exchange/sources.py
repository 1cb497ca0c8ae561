"""Which formats are read and written, and how one is recognised. Used by the roles `export` and `unpack`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from app.core.errors import EpisodeError
from recorders.exchange.about import SetAbout
from recorders.exchange.hdf5_in import AlohaFolder, RobomimicFile, files_below, sniff
from recorders.exchange.hdf5_out import AlohaWriter, RobomimicWriter
from recorders.exchange.lerobot_in import LerobotSet
from recorders.exchange.lerobot_out import LerobotWriter
from recorders.exchange.model import Found, GridEpisode
from recorders.exchange.zarr_in import ZarrSet
from recorders.exchange.zarr_out import ZarrWriter

TARGETS = ("robomimic", "lerobot", "zarr", "aloha")
FORMATS = ("robomimic", "aloha", "zarr", "lerobot", "mcap")


class Writer(Protocol):
    """Writes a set, one episode after the other."""

    def add(self, episode: GridEpisode) -> None:
        """Write one episode."""
        ...

    def finish(self) -> None:
        """Write what is said of the whole set."""
        ...

    def close(self) -> None:
        """Let go of every file."""
        ...


class Source(Protocol):
    """A foreign set of `count` episodes."""

    count: int

    def episode(self, index: int) -> Found:
        """Return one episode."""
        ...

    def close(self) -> None:
        """Let go of every file."""
        ...


def open_writer(target: str, path: Path, about: SetAbout) -> Writer:
    """Return the writer of a target format."""
    kinds: dict[str, Callable[[Path, SetAbout], Writer]] = {
        "robomimic": RobomimicWriter,
        "lerobot": LerobotWriter,
        "zarr": ZarrWriter,
        "aloha": AlohaWriter,
    }
    return kinds[target](path, about)


def open_source(kind: str, path: Path) -> Source:
    """Open a set of a known format.

    Raises:
        EpisodeError: If it is broken or hostile.
    """
    kinds: dict[str, Callable[[Path], Source]] = {
        "robomimic": RobomimicFile,
        "lerobot": LerobotSet,
        "zarr": ZarrSet,
        "aloha": AlohaFolder,
    }
    return kinds[kind](path)


def recognise(path: Path) -> str:
    """Return the format of a file or folder by what it holds.

    Raises:
        EpisodeError: If it is none of the formats.
    """
    if path.suffix == ".mcap" or (path.is_dir() and any(path.glob("*.mcap"))):
        return "mcap"
    if (path / "meta" / "info.json").is_file():
        return "lerobot"
    if (path / ".zgroup").is_file() or path.name.endswith((".zarr.zip", ".zip")):
        return "zarr"
    if path.is_dir() and any(files_below(path)):
        return "aloha"
    if path.is_file():
        return sniff(path)
    raise EpisodeError(
        f"{path}", "its format cannot be told from what it holds", options=FORMATS, way_out="Give --from"
    )
