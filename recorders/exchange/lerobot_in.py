"""Reads LeRobot data sets of the formats v2.1 (a file per episode) and v3.0 (episodes share files).

Paths inside a set come from templates in its own `meta/info.json`: what they lead to must lie below the set's folder.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import EpisodeError
from recorders.exchange.about import NAME, EpisodeAbout, SetAbout, decode_episode, decode_set
from recorders.exchange.extras import need
from recorders.exchange.lerobot_out import IMAGES, INDEX_COLUMNS
from recorders.exchange.model import Found, Pictures
from recorders.exchange.video import read_pictures

VERSIONS = ("v2.1", "v3.0")
MAX_JSON_BYTES = 256 * 1024 * 1024
MAX_EPISODES = 1_000_000
MAX_ROWS = 10_000_000
PREFIX = "observation."


class LerobotSet:
    """A LeRobot data set folder.

    Attributes:
        count: Episodes in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._where = f"set {path}"
        self._arrow_parquet = need("pyarrow.parquet", "LeRobot sets")
        info = self._info = self._json("meta/info.json")
        if info.get("codebase_version") not in VERSIONS:
            raise EpisodeError(
                self._where, f"its format is {info.get('codebase_version')!r}", options=VERSIONS
            )
        try:
            self.count, self._rate = int(info["total_episodes"]), float(info["fps"])
            self._features: dict[str, dict[str, Any]] = dict(info["features"])
            self._data_path, self._video_path = str(info["data_path"]), str(info.get("video_path") or "")
            self._chunk = max(1, int(info.get("chunks_size", 1000)))
        except (KeyError, TypeError, ValueError) as error:
            raise EpisodeError(self._where, f"meta/info.json is broken ({error})") from error
        if not 0 <= self.count <= MAX_EPISODES or not 0.0 < self._rate <= 10_000.0:
            raise EpisodeError(self._where, f"it says to have {self.count} episodes at {self._rate} Hz")
        self._new = info["codebase_version"] == "v3.0"
        self._rows = self._episode_rows()
        self._tasks = self._read_tasks()
        self._about, self._episodes = self._read_about()

    def close(self) -> None:
        """Nothing is held open."""

    def episode(self, index: int) -> Found:
        """Return one episode.

        Raises:
            EpisodeError: If its rows or videos are missing, broken, or not what the set says.
        """
        row = self._rows[index]
        where = f"{self._where}, episode {index}"
        about = self._about
        found = Found(where, index, "lerobot", about.rate_hz if about else self._rate, set_about=about)
        table = self._table(index, row, where)
        for name, feature in self._features.items():
            if feature.get("dtype") == "video":
                found.pictures[name.removeprefix(IMAGES)] = self._video(name, index, row, len(table), where)
            elif name in table.column_names and feature.get("dtype") == "image":
                found.pictures[name.removeprefix(IMAGES)] = Pictures(len(table), _images(table, name, where))
            elif (
                name in table.column_names and name not in INDEX_COLUMNS and feature.get("dtype") != "string"
            ):
                self._add_column(found, name, _numbers(table, name, where))
        found.columns.pop("next.done", None)
        if (success := found.columns.pop("next.success", None)) is not None:
            found.outcome = "success" if success.any() else "failure"
        found.instruction = self._instruction(row, table)
        found.about = self._episodes[index] if index < len(self._episodes) else None
        found.take_own_columns()
        for key, pictures in list(found.pictures.items()):
            found.pictures[key] = Pictures(pictures.count, pictures.read, found.capture_of(key))
        return found

    def _add_column(self, found: Found, name: str, values: np.ndarray) -> None:
        names = self._features[name].get("names")
        labels = tuple(str(each) for each in names) if isinstance(names, list) else ()
        part = {"observation.state": "state", "action": "action"}.get(name)
        if part is not None:
            setattr(found, part, values)
            found.labels[part] = labels
        elif not (self._about and name.startswith("next.")):
            key = name.removeprefix(PREFIX)
            found.columns[key], found.labels[key] = values, labels

    def _table(self, index: int, row: dict[str, Any], where: str) -> Any:
        place = self._place(row, "data/", index)
        path = self._inside(self._data_path, where, episode_index=index, **place)
        length = int(row["length"])
        try:
            file = self._arrow_parquet.ParquetFile(path, memory_map=True)
            if file.metadata.num_rows > MAX_ROWS:
                raise EpisodeError(where, f"{path.name} says to have {file.metadata.num_rows} rows")
            groups = [i for i in range(file.num_row_groups) if _may_hold(file.metadata.row_group(i), index)]
            table = file.read_row_groups(groups, use_threads=False)
        except (OSError, ValueError) as error:  # pyarrow's own errors are these
            raise EpisodeError(where, f"{path.name} cannot be read ({_first(error)})") from error
        if "episode_index" not in table.column_names:
            raise EpisodeError(where, f"{path.name} lacks the column episode_index")
        table = table.filter(np.asarray(table["episode_index"]) == index)
        if len(table) != length or length < 1:
            raise EpisodeError(
                where, f"{path.name} has {len(table)} rows of it, {length} are said to be there"
            )
        return table

    def _video(self, name: str, index: int, row: dict[str, Any], count: int, where: str) -> Pictures:
        place = self._place(row, f"videos/{name}/", index)
        path = self._inside(self._video_path, where, episode_index=index, video_key=name, **place)
        first = round(float(row.get(f"videos/{name}/from_timestamp") or 0.0) * self._rate)
        return Pictures(count, _in_order(lambda: read_pictures(path, first, count, self._rate, where)))

    def _place(self, row: dict[str, Any], prefix: str, index: int) -> dict[str, int]:
        if not self._new:
            return {"episode_chunk": index // self._chunk}
        try:
            return {name: int(row[f"{prefix}{name}"]) for name in ("chunk_index", "file_index")}
        except (KeyError, TypeError, ValueError) as error:
            raise EpisodeError(
                f"{self._where}, episode {index}", f"meta/episodes lacks {prefix}… of it"
            ) from error

    def _inside(self, template: str, where: str, **values: Any) -> Path:
        """Return a file of the set, from a template of its own."""
        try:
            path = (self.path / template.format(**values)).resolve()
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise EpisodeError(
                where, f"the template of its paths, {template!r}, is broken ({error})"
            ) from error
        if not path.is_relative_to(self.path.resolve()):
            raise EpisodeError(where, f"{template!r} leads out of the set; it is not followed")
        if not path.is_file():
            raise EpisodeError(where, f"{path.relative_to(self.path.resolve())} is missing")
        return path

    def _episode_rows(self) -> list[dict[str, Any]]:
        if self._new:
            rows = []
            for path in sorted((self.path / "meta" / "episodes").glob("*/*.parquet")):
                rows += self._read_episodes(path)
        else:
            rows = list(self._lines("meta/episodes.jsonl"))
        rows.sort(key=lambda row: int(row.get("episode_index", -1)))
        if [row.get("episode_index") for row in rows] != list(range(self.count)):
            raise EpisodeError(
                self._where, f"meta lists {len(rows)} episodes where {self.count} are numbered"
            )
        return rows

    def _read_episodes(self, path: Path) -> list[dict[str, Any]]:
        try:
            file = self._arrow_parquet.ParquetFile(path)
            if file.metadata.num_rows > MAX_EPISODES:
                raise EpisodeError(self._where, f"{path.name} says to have {file.metadata.num_rows} rows")
            wanted = [name for name in file.schema_arrow.names if not name.startswith("stats/")]
            rows: list[dict[str, Any]] = file.read(columns=wanted, use_threads=False).to_pylist()
            return rows
        except (OSError, ValueError) as error:
            raise EpisodeError(
                self._where, f"meta/episodes/{path.name} cannot be read ({_first(error)})"
            ) from error

    def _read_tasks(self) -> dict[int, str]:
        if not self._new:
            return {int(each["task_index"]): str(each["task"]) for each in self._lines("meta/tasks.jsonl")}
        path = self.path / "meta" / "tasks.parquet"
        if not path.is_file():
            return {}
        try:
            rows = self._arrow_parquet.read_table(path, use_threads=False).to_pylist()
        except (OSError, ValueError) as error:
            raise EpisodeError(self._where, f"meta/tasks.parquet cannot be read ({_first(error)})") from error
        texts = [next((str(v) for k, v in row.items() if k != "task_index"), "") for row in rows]
        return {int(row["task_index"]): text for row, text in zip(rows, texts, strict=True)}

    def _instruction(self, row: dict[str, Any], table: Any) -> str:
        if row.get("tasks"):
            return str(row["tasks"][0])
        if "task_index" in table.column_names:
            return self._tasks.get(int(table["task_index"][0].as_py()), "")
        return ""

    def _read_about(self) -> tuple[SetAbout | None, list[EpisodeAbout]]:
        if not (self.path / "meta" / f"{NAME}.json").is_file():
            return None, []
        told = self._json(f"meta/{NAME}.json")
        episodes = [
            decode_episode(json.dumps(each), self._where) for each in told.get(f"{NAME}_episodes", [])
        ]
        return decode_set(json.dumps(told.get(NAME)), self._where), episodes

    def _json(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads(self._bytes(name))
        except (ValueError, RecursionError) as error:
            raise EpisodeError(self._where, f"{name} is no JSON ({error})") from error
        if not isinstance(value, dict):
            raise EpisodeError(self._where, f"{name} is no JSON object")
        return value

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(self._bytes(name).splitlines()):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise EpisodeError(self._where, f"{name}, line {number + 1}, is no JSON ({error})") from error
            if isinstance(value, dict):
                yield value

    def _bytes(self, name: str) -> bytes:
        path = self.path / name
        try:
            if path.stat().st_size > MAX_JSON_BYTES:
                raise EpisodeError(self._where, f"{name} is larger than anything that is read")
            return path.read_bytes()
        except OSError as error:
            raise EpisodeError(self._where, f"{name} cannot be read ({error.strerror})") from error


def _may_hold(group: Any, index: int) -> bool:
    """Whether a row group can hold rows of an episode, by its own statistics."""
    for number in range(group.num_columns):
        column = group.column(number)
        if (
            column.path_in_schema == "episode_index"
            and column.statistics is not None
            and column.statistics.has_min_max
        ):
            return bool(column.statistics.min <= index <= column.statistics.max)
    return True


def _numbers(table: Any, name: str, where: str) -> np.ndarray:
    """Return a column as (T, D)."""
    column = table[name].combine_chunks()
    try:
        while hasattr(column, "flatten") and "list" in str(column.type):
            column = column.flatten()
        values = np.asarray(column.to_numpy(zero_copy_only=False))
        if values.dtype.kind not in "biuf" or len(values) % len(table):
            raise ValueError(f"{values.dtype}, {len(values)} values in {len(table)} rows")
        return values.reshape(len(table), -1)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise EpisodeError(where, f"column {name} holds no plain numbers ({error})") from error


def _images(table: Any, name: str, where: str) -> Any:
    """Return a reader of pictures that are kept in the rows, as {bytes, path}."""
    av = need("av", "LeRobot sets")
    column = table[name]

    def read(index: int) -> np.ndarray:
        try:
            data = column[index].as_py()["bytes"]
            with av.open(io.BytesIO(data)) as container:
                return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"))
        except (av.error.FFmpegError, KeyError, TypeError, ValueError, StopIteration) as error:
            raise EpisodeError(where, f"picture {index} of {name} cannot be read ({error})") from error

    return read


def _in_order(start: Any) -> Any:
    """Return a reader by number over pictures that can only be had one after the other."""
    state: dict[str, Any] = {"next": 0, "pictures": None}

    def read(index: int) -> np.ndarray:
        if state["pictures"] is None or index < state["next"]:
            state["pictures"], state["next"] = start(), 0
        picture = None
        while state["next"] <= index:
            picture = next(state["pictures"])
            state["next"] += 1
        return np.asarray(picture)

    return read


def _first(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
