"""LeRobot's data set on a folder that Touchstone exported. Run with LeRobot's Python; imports nothing of ours.

Words: the folder, a JSON file of what a window is, and the JSON file to write the figures to.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

KEPT = ("action", "timestamp", "episode_index", "index", "task_index")  # what its `__getitem__` asks for
LOW_DIM = ("observation.state", "observation.finger_wrench", "observation.finger_field")


def prepare_torchvision() -> None:
    """Declare the operators that torchvision looks for when it meets a torch that it was not built for."""
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    globals()["_library"] = library  # kept: it withdraws its operators when it goes


def open_dataset(path: str, wanted: dict[str, Any]) -> Any:
    """Return the data set with windows by `delta_timestamps`; without cameras its videos are left alone.

    Columns that no window needs are taken out: it would read all of each row, and its time grows with their number.
    """
    module = importlib.import_module("lerobot.datasets.lerobot_dataset")
    described = module.LeRobotDatasetMetadata("touchstone/set", root=path)
    rate = described.fps
    pictures = [f"observation.images.{name}" for name in wanted["cameras"]]
    both = [-wanted["history"] / rate, 0.0]
    numbers = [key for key in described.features if key in LOW_DIM]
    deltas = dict.fromkeys((*numbers, *pictures), both)
    deltas["action"] = [tick / rate for tick in range(wanted["chunk"])]
    dataset = module.LeRobotDataset(
        "touchstone/set", root=path, delta_timestamps=deltas, video_backend="torchcodec"
    )
    rows = dataset.hf_dataset
    dataset.hf_dataset = rows.select_columns(
        [name for name in rows.column_names if name in (*KEPT, *numbers)]
    )
    if not pictures:
        for key in dataset.meta.video_keys:
            del dataset.meta.info["features"][key]
    return dataset


def windows_per_second(dataset: Any, batch: int, seconds: float) -> tuple[float, float]:
    """Return how many windows a DataLoader brings, shuffled, in this process: per second by the clock, and per second
    of the processor's time.
    """
    loader = torch.utils.data.DataLoader(dataset, batch_size=batch, shuffle=True, drop_last=True)
    counted, begun, busy = 0, 0.0, 0.0
    while True:
        for _batch in loader:
            now = time.perf_counter()
            if not begun:  # the first batch warms up
                begun, busy = now, time.process_time()
                continue
            counted += batch
            if now - begun >= seconds:
                return counted / (now - begun), counted / (time.process_time() - busy)


def main(path: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the figures."""
    torch.set_num_threads(1)
    prepare_torchvision()
    started = time.perf_counter()
    dataset = open_dataset(path, wanted)
    opened = time.perf_counter() - started
    keys = sorted(dataset[0])
    rate, per_cpu_s = windows_per_second(dataset, wanted["batch"], wanted["seconds"])
    version = importlib.metadata.version("lerobot")
    return {
        "windows_per_s": rate, "windows_per_cpu_s": per_cpu_s, "open_s": opened, "windows": len(dataset),
        "version": version, "keys": keys,
    }  # fmt: skip


if __name__ == "__main__":
    figures = main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()))
    Path(sys.argv[3]).write_text(json.dumps(figures))
