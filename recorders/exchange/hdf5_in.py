"""Reads robomimic files and ALOHA episodes, ours and others', through `recorders.hdf5.foreign`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from app.core.errors import EpisodeError
from recorders.exchange.about import NAME, SetAbout, decode_episode, decode_set
from recorders.exchange.model import CAPTURE_PREFIX, OWN_COLUMNS, Found, Pictures
from recorders.hdf5.foreign import ForeignFile

IMAGE_SUFFIX = "_image"
ROBOMIMIC_RATE_HZ, ALOHA_RATE_HZ = (
    20.0,
    50.0,
)  # what robosuite's and ALOHA's recordings have; neither file says it
NOT_STREAMS = {"actions", "actions_raw", "rewards", "dones", "states"}
JPEG_MAGIC = b"\xff\xd8"


class RobomimicFile:
    """A robomimic file (a context manager by `close`).

    Attributes:
        count: Demonstrations in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = ForeignFile(path)
        names = {
            name.split("/")[1]
            for name in self._file.datasets
            if name.startswith("data/") and name.count("/") > 1
        }
        self._demos = sorted(names, key=_number)
        self.count = len(self._demos)
        told = self._file.text("data", NAME)
        self._about = decode_set(told, f"file {path}") if told else None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def episode(self, index: int) -> Found:
        """Return one demonstration.

        Raises:
            EpisodeError: If it has no actions, or its parts do not fit each other.
        """
        group = f"data/{self._demos[index]}"
        where = f"file {self.path}, {self._demos[index]}"
        file, about = self._file, self._about
        found = Found(
            where, index, "robomimic", about.rate_hz if about else ROBOMIMIC_RATE_HZ, set_about=about
        )
        own = file.below(group)
        if "actions" not in own:
            raise EpisodeError(where, "it has no actions")
        found.action = self._action(own, about, where)
        streams = {name: path for name, path in own.items() if name not in NOT_STREAMS}
        for name, path in {**streams, **file.below(f"{group}/obs")}.items():
            _sort_in(found, file, name, path, len(found.action), IMAGE_SUFFIX)
        _finish(found, file.text(group, NAME))
        rewards = own.get("rewards")
        if found.about is None and rewards and len(values := file.rows(rewards)):
            found.outcome = "success" if float(np.max(values)) > 0.0 else "failure"
        return found

    def _action(self, own: dict[str, str], about: SetAbout | None, where: str) -> np.ndarray:
        if about is not None and "actions_raw" in own:
            return _numbers(self._file, own["actions_raw"], where)
        return _numbers(self._file, own["actions"], where)


class AlohaFolder:
    """A folder of ALOHA episodes, or one of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        files = sorted(path.glob("*.hdf5"), key=lambda each: _number(each.stem)) if path.is_dir() else [path]
        self._files = files
        self.count = len(files)
        self._open: ForeignFile | None = None

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def name_of(self, index: int) -> str:
        """Return the file of one episode."""
        return str(self._files[index])

    def episode(self, index: int) -> Found:
        """Return one episode; the one before it is closed.

        Raises:
            EpisodeError: If the file is broken, foreign or hostile.
        """
        self.close()
        path = self._files[index]
        file = self._open = ForeignFile(path)
        where = f"file {path}"
        if "action" not in file.datasets or "observations/qpos" not in file.datasets:
            raise EpisodeError(where, "it lacks /action or /observations/qpos, so it is no ALOHA episode")
        told = file.text("", NAME)
        about = decode_set(told, where) if told else None
        found = Found(where, index, "aloha", about.rate_hz if about else ALOHA_RATE_HZ, set_about=about)
        found.action = _numbers(file, "action", where)
        found.state = _numbers(file, "observations/qpos", where)
        for name, key in {**file.below("observations"), **file.below("observations/images")}.items():
            if name not in ("qpos", "qvel") or (name == "qvel" and about is None):
                _sort_in(found, file, name, key, len(found.action), "")
        for name in [
            each for each in file.datasets if each in OWN_COLUMNS or each.startswith(CAPTURE_PREFIX)
        ]:
            found.columns[name] = _numbers(file, name, where)
        _finish(found, file.text("", f"{NAME}_episode"))
        return found


def _numbers(file: ForeignFile, path: str, where: str) -> np.ndarray:
    """Return a data set of numbers as (T, D)."""
    dataset = file.datasets[path]
    if dataset.dtype.kind not in "biuf" or not dataset.shape or not dataset.shape[0]:
        raise EpisodeError(where, f"/{path} holds no rows of numbers")
    return file.rows(path).reshape(dataset.shape[0], -1)


def _sort_in(found: Found, file: ForeignFile, name: str, path: str, rows: int, image_suffix: str) -> None:
    """Put a data set among the pictures or the columns; what has other rows than the actions is no stream."""
    dataset = file.datasets[path]
    if not dataset.shape or dataset.shape[0] != rows or not dataset.size or dataset.dtype.kind == "S":
        return
    images = "/images/" in path
    if dataset.dtype == np.uint8 and (
        (dataset.ndim == 4 and dataset.shape[-1] == 3) or (images and dataset.ndim == 2)
    ):
        key = name.removesuffix(image_suffix) if image_suffix else name
        found.pictures[key] = Pictures(rows, _picture_reader(file, path))
    elif dataset.ndim <= 3 and dataset.dtype.kind in "biuf":
        found.columns[name] = _numbers(file, path, found.where)


def _picture_reader(file: ForeignFile, path: str) -> Callable[[int], bytes | np.ndarray]:
    def read(index: int) -> bytes | np.ndarray:
        picture = file.rows(path, index, index + 1)[0]
        if picture.ndim == 3:
            return picture
        data = picture.tobytes()  # ALOHA's compressed form: JPEG, padded with zeros
        end = data.rfind(b"\xff\xd9")
        if not data.startswith(JPEG_MAGIC) or end < 0:
            raise EpisodeError(f"file {file.path}", f"/{path}, picture {index}: it is no JPEG")
        return data[: end + 2]

    return read


def _finish(found: Found, told: str) -> None:
    found.about = decode_episode(told, found.where) if told else None
    found.take_own_columns()
    for key, pictures in list(found.pictures.items()):
        found.pictures[key] = Pictures(pictures.count, pictures.read, found.capture_of(key))


def _number(name: str) -> tuple[int, str]:
    digits = "".join(each for each in name if each.isdigit())
    return (int(digits[:15]) if digits else -1, name)


def sniff(path: Path) -> str:
    """Return "robomimic" or "aloha" for an HDF5 file.

    Raises:
        EpisodeError: If it is neither, or hostile.
    """
    with ForeignFile(path) as file:
        if file.has_group("data"):
            return "robomimic"
        if "action" in file.datasets and file.has_group("observations"):
            return "aloha"
        raise EpisodeError(
            f"file {path}",
            "it is neither a robomimic set nor an ALOHA episode",
            options=sorted(file.datasets)[:8],
        )


def files_below(path: Path) -> Iterator[Path]:
    """Yield the HDF5 files directly in a folder."""
    for suffix in ("*.hdf5", "*.h5"):
        yield from sorted(path.glob(suffix))
