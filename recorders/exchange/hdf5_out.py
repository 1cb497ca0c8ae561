"""Writes robomimic's one file for a set, and ALOHA's one file per episode.

robomimic (its version 0.3): `/data/demo_<i>` with `actions` in −1..1, `obs/<key>`, `rewards`, `dones`; attributes
`env_args`, `total`, `num_samples`; `/mask/train` and `/mask/valid`. ALOHA: `/observations/qpos`, `/observations/images/
<camera>`, `/action`; ours commands poses, so `qpos` is the pose with the gripper, as `action` is.
"""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from recorders.exchange.about import NAME, SetAbout, encode_about
from recorders.exchange.model import CAPTURE_PREFIX, PHASE_COLUMN, TIME_COLUMN, Camera, GridEpisode

VALID_SHARE = 0.1
LIBVER = ("v108", "v110")


class RobomimicWriter:
    """Writes a robomimic file, one episode after the other."""

    def __init__(self, path: Path, about: SetAbout) -> None:
        self._about = about
        self._file = h5py.File(path, "w", libver=LIBVER)
        self._data = self._file.create_group("data")
        self._count = self._total = 0
        _write_text(self._data, NAME, encode_about(about))
        self._task = ""

    def add(self, episode: GridEpisode) -> None:
        """Write one episode as the next demonstration."""
        demo = self._data.create_group(f"demo_{self._count}")
        demo.attrs["num_samples"] = len(episode)
        _write_text(demo, NAME, encode_about(episode.about))
        scale, offset = np.array(self._about.action_scale), np.array(self._about.action_offset)
        demo["actions"] = np.clip((episode.action - offset) / scale, -1.0, 1.0)
        demo["actions_raw"] = episode.action
        demo["rewards"] = episode.reward
        demo["dones"] = np.eye(1, len(episode), len(episode) - 1, dtype=np.int64)[0]
        demo[TIME_COLUMN], demo[PHASE_COLUMN] = episode.t_ns, episode.phase
        observations = demo.create_group("obs")
        for stream in self._about.of_part("state"):
            observations[stream.key] = episode.state[:, stream.start : stream.stop]
        for key, values in episode.columns.items():
            observations[key] = values
        for camera in episode.cameras:
            write_pictures(observations, f"{camera.key}_image", camera, len(episode))
            demo[CAPTURE_PREFIX + camera.key] = camera.capture_ns
        self._count += 1
        self._total += len(episode)
        self._task = self._task or episode.about.task

    def finish(self) -> None:
        """Write what is said of the whole set, and close."""
        self._data.attrs["total"] = self._total
        # type 3 is robomimic's number for an environment that it has no simulator for
        env = {"env_name": self._task or "real", "type": 3, "env_kwargs": {}}
        self._data.attrs["env_args"] = json.dumps(env)
        names = [f"demo_{i}" for i in range(self._count)]
        valid = max(1, round(VALID_SHARE * self._count)) if self._count > 1 else 0
        mask = self._file.create_group("mask")
        mask["train"] = np.array(names[: self._count - valid], dtype="S")
        if valid:
            mask["valid"] = np.array(names[self._count - valid :], dtype="S")
        self._file.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class AlohaWriter:
    """Writes a folder of `episode_<i>.hdf5`."""

    def __init__(self, path: Path, about: SetAbout) -> None:
        path.mkdir()
        self._path, self._about, self._count = path, about, 0

    def add(self, episode: GridEpisode) -> None:
        """Write one episode as a file of its own."""
        with h5py.File(self._path / f"episode_{self._count}.hdf5", "w", libver=LIBVER) as file:
            file.attrs["sim"] = bool((episode.about.rig or {}).get("simulated", False))
            file.attrs["compress"] = False
            _write_text(file, NAME, encode_about(self._about))
            _write_text(file, f"{NAME}_episode", encode_about(episode.about))
            file["action"] = episode.action
            observations = file.create_group("observations")
            observations["qpos"] = episode.state
            if (twist := self._twist(episode.columns)) is not None:
                observations["qvel"] = twist
            for key, values in episode.columns.items():
                observations[key] = values
            images = observations.create_group("images")
            for camera in episode.cameras:
                write_pictures(images, camera.key, camera, len(episode))
                file[CAPTURE_PREFIX + camera.key] = camera.capture_ns
            file[TIME_COLUMN], file[PHASE_COLUMN], file["reward"] = (
                episode.t_ns,
                episode.phase,
                episode.reward,
            )
        self._count += 1

    def _twist(self, columns: dict[str, np.ndarray]) -> np.ndarray | None:
        keys = [stream.key for stream in self._about.of_part("column") if stream.spec.signal == "twist"]
        return np.concatenate([columns[key] for key in keys], axis=1) if keys else None

    def finish(self) -> None:
        """Nothing is left to write."""

    def close(self) -> None:
        """Nothing is held."""


def write_pictures(group: h5py.Group, name: str, camera: Camera, count: int) -> None:
    """Write the pictures of a camera, (T, height, width, 3) uint8, one chunk each."""
    data = group.create_dataset(name, (count, *camera.shape), np.uint8, chunks=(1, *camera.shape))
    for tick in range(count):
        data[tick] = camera.read(tick)


def _write_text(target: h5py.Group | h5py.File, name: str, text: str) -> None:
    """Write a text attribute; a long one, which HDF5 has no room for in an attribute, as a data set of bytes."""
    data = text.encode()
    if len(data) < 60_000:
        kind = h5py.string_dtype("utf-8", max(1, len(data)))
        target.attrs.create(name, np.array(data, dtype=kind), dtype=kind)
    else:
        target[f"{name}_json"] = np.frombuffer(data, np.uint8)
