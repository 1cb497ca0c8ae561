"""Writes a LeRobot data set, format v3.0, without the package: parquet by pyarrow, videos by PyAV.

One row group per episode; episodes share files up to LeRobot's own limits and are numbered 0 … N−1, because its readers
look them up by position. `timestamp` is row / rate, as its readers require; the true times are in columns of ours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from recorders.exchange.about import NAME, EpisodeAbout, SetAbout
from recorders.exchange.extras import need
from recorders.exchange.lerobot_stats import Statistics
from recorders.exchange.model import CAPTURE_PREFIX, PHASE_COLUMN, TIME_COLUMN, GridEpisode
from recorders.exchange.video import CODEC, VideoWriter

DATA_MB, VIDEO_MB, FILES_PER_CHUNK = 100, 200, 1000
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
IMAGES = "observation.images."
INDEX_COLUMNS = ("timestamp", "frame_index", "episode_index", "index", "task_index")


def columns_of(episode: GridEpisode) -> dict[str, np.ndarray]:
    """Return what a row holds besides its indices, each (T, D): float32, int64 or bool."""
    done = np.zeros((len(episode), 1), bool)
    done[-1] = True
    found: dict[str, np.ndarray] = {"observation.state": episode.state, "action": episode.action}
    found |= {f"observation.{key}": values for key, values in episode.columns.items()}
    found |= {
        TIME_COLUMN: episode.t_ns,
        PHASE_COLUMN: episode.phase,
        "next.reward": episode.reward,
        "next.done": done,
    }
    found |= {CAPTURE_PREFIX + camera.key: camera.capture_ns for camera in episode.cameras}
    kinds = {"f": np.dtype(np.float32), "b": np.dtype(bool)}
    return {
        name: np.ascontiguousarray(
            values.reshape(len(episode), -1), kinds.get(values.dtype.kind, np.dtype(np.int64))
        )
        for name, values in found.items()
        if values.size
    }


class _File:
    """Where the next episode goes: chunk and file number."""

    def __init__(self) -> None:
        self.number = 0

    @property
    def place(self) -> dict[str, int]:
        return {"chunk_index": self.number // FILES_PER_CHUNK, "file_index": self.number % FILES_PER_CHUNK}


class LerobotWriter:
    """Writes a data set folder, one episode after the other."""

    def __init__(self, path: Path, about: SetAbout) -> None:
        self._arrow, self._parquet = need("pyarrow", "LeRobot sets"), need("pyarrow.parquet", "LeRobot sets")
        need("av", "LeRobot sets")
        (path / "meta").mkdir(parents=True)
        self._path, self._about, self._rate = path, about, round(about.rate_hz)
        self._data: Any = None
        self._data_file = _File()
        self._videos: dict[str, tuple[VideoWriter, _File]] = {}
        self._features: dict[str, Any] = {}
        self._tasks: dict[str, int] = {}
        self._rows: list[dict[str, Any]] = []
        self._episodes: list[EpisodeAbout] = []
        self._statistics = Statistics()
        self._frames = 0

    def add(self, episode: GridEpisode) -> None:
        """Write one episode: a row group, and its pictures behind those before it."""
        number, count = len(self._rows), len(episode)
        tasks, task_index = self._tasks_of(episode)
        columns = columns_of(episode)
        indices: dict[str, np.ndarray] = {
            "timestamp": (np.arange(count) / self._rate).astype(np.float32), "frame_index": np.arange(count),
            "episode_index": np.full(count, number), "index": np.arange(self._frames, self._frames + count),
            "task_index": task_index,
        }  # fmt: skip
        everything = columns | {name: values.reshape(count, 1) for name, values in indices.items()}
        self._describe(everything, episode)
        row = {
            "episode_index": number, "tasks": tasks, "length": count,
            **self._write_rows(everything), "dataset_from_index": self._frames,
            "dataset_to_index": self._frames + count,
            "meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0,
        }  # fmt: skip
        row |= self._write_videos(episode)
        row |= self._statistics.take_in(everything)
        self._rows.append(row)
        self._episodes.append(episode.about)
        self._frames += count

    def _tasks_of(self, episode: GridEpisode) -> tuple[list[str], np.ndarray]:
        """Return an episode's tasks, its instruction first, and the number (T,) of each tick's: a subtask if said."""
        text = episode.about.instruction or episode.about.task or "unnamed"
        tasks, index = [text], np.full(len(episode), self._tasks.setdefault(text, len(self._tasks)))
        for start_ns, end_ns, words in episode.about.subtasks:
            inside = (episode.t_ns >= start_ns) & (episode.t_ns < end_ns)
            if inside.any():
                index[inside] = self._tasks.setdefault(words, len(self._tasks))
                tasks.append(words)
        return list(dict.fromkeys(tasks)), index

    def finish(self) -> None:
        """Write everything below meta/, and close."""
        self._close_data()
        for video, _ in self._videos.values():
            video.close()
        meta = self._path / "meta"
        (meta / "info.json").write_text(json.dumps(self._info(), indent=4))
        (meta / "stats.json").write_text(json.dumps(self._statistics.whole(), indent=4))
        told = {
            NAME: msgspec.to_builtins(self._about),
            f"{NAME}_episodes": msgspec.to_builtins(self._episodes),
        }
        (meta / f"{NAME}.json").write_text(json.dumps(told))
        self._write_tasks(meta / "tasks.parquet")
        rows = meta / "episodes" / "chunk-000" / "file-000.parquet"
        rows.parent.mkdir(parents=True)
        self._parquet.write_table(self._arrow.Table.from_pylist(self._rows), rows, compression="snappy")

    def close(self) -> None:
        """Let go of every file."""
        self._close_data()
        for video, _ in self._videos.values():
            video.close()

    def _describe(self, columns: dict[str, np.ndarray], episode: GridEpisode) -> None:
        if self._features:
            return
        labels = {"observation.state": self._about.labels("state"), "action": self._about.labels("action")}
        for name, values in columns.items():
            names = labels.get(name)
            self._features[name] = {"dtype": values.dtype.name, "shape": [values.shape[1]], "names": names}
        for camera in episode.cameras:
            height, width, channels = camera.shape
            info = {
                "video.height": height, "video.width": width, "video.codec": CODEC, "video.pix_fmt": "yuv420p",
                "video.is_depth_map": False, "video.fps": self._rate, "video.channels": channels, "has_audio": False,
            }  # fmt: skip
            self._features[IMAGES + camera.key] = {
                "dtype": "video", "shape": [height, width, channels], "names": ["height", "width", "channels"],
                "info": info,
            }  # fmt: skip

    def _write_rows(self, columns: dict[str, np.ndarray]) -> dict[str, int]:
        arrow = self._arrow
        arrays = []
        for values in columns.values():
            flat = arrow.array(values.reshape(-1))
            width = values.shape[1]
            arrays.append(flat if width == 1 else arrow.FixedSizeListArray.from_arrays(flat, width))
        table = arrow.table(arrays, names=list(columns))
        path = self._path / DATA_PATH.format(**self._data_file.place)
        if self._data is not None and path.stat().st_size >= DATA_MB * 1e6:
            self._close_data()
            self._data_file.number += 1
            path = self._path / DATA_PATH.format(**self._data_file.place)
        if self._data is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._data = self._parquet.ParquetWriter(path, table.schema, compression="snappy")
        self._data.write_table(table, row_group_size=len(table))
        return {f"data/{name}": value for name, value in self._data_file.place.items()}

    def _write_videos(self, episode: GridEpisode) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for camera in episode.cameras:
            key = IMAGES + camera.key
            video, file = self._videos.get(key, (None, _File()))
            if video is not None and video.path.stat().st_size >= VIDEO_MB * 1e6:
                video.close()
                file.number += 1
                video = None
            if video is None:
                path = self._path / VIDEO_PATH.format(video_key=key, **file.place)
                video = VideoWriter(path, self._rate, camera.shape[0], camera.shape[1])
                self._videos[key] = video, file
            row |= {f"videos/{key}/{name}": value for name, value in file.place.items()}
            row[f"videos/{key}/from_timestamp"] = video.count / self._rate
            for tick in range(len(episode)):
                picture = camera.read(tick)
                video.add(picture)
                self._statistics.see_picture(key, picture, tick)
            row[f"videos/{key}/to_timestamp"] = video.count / self._rate
            row |= self._statistics.take_in_pictures(key)
        return row

    def _close_data(self) -> None:
        if self._data is not None:
            self._data.close()
            self._data = None

    def _info(self) -> dict[str, Any]:
        rig = next((about.rig for about in self._episodes if about.rig), {}) or {}
        return {
            "codebase_version": "v3.0", "robot_type": str(rig.get("rig", "unknown")), "total_episodes": len(self._rows),
            "total_frames": self._frames, "total_tasks": len(self._tasks), "chunks_size": FILES_PER_CHUNK,
            "data_files_size_in_mb": DATA_MB, "video_files_size_in_mb": VIDEO_MB, "fps": self._rate,
            "splits": {"train": f"0:{len(self._rows)}"}, "data_path": DATA_PATH,
            "video_path": VIDEO_PATH if self._videos else None, "features": self._features,
        }  # fmt: skip

    def _write_tasks(self, path: Path) -> None:
        """Write the tasks as pandas would: their text is the index of the frame."""
        table = self._arrow.table({"task_index": list(self._tasks.values()), "task": list(self._tasks)})
        text = {
            "name": "task",
            "field_name": "task",
            "pandas_type": "unicode",
            "numpy_type": "object",
            "metadata": None,
        }
        number = {
            "name": "task_index", "field_name": "task_index", "pandas_type": "int64", "numpy_type": "int64",
            "metadata": None,
        }  # fmt: skip
        pandas = {
            "index_columns": ["task"], "column_indexes": [], "columns": [number, text], "pandas_version": "2.0.0",
            "creator": {"library": "pyarrow", "version": self._arrow.__version__},
        }  # fmt: skip
        self._parquet.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path)
