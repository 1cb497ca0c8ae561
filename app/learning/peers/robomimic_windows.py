"""robomimic's SequenceDataset on a file that Touchstone exported. Run with robomimic's Python; imports nothing of ours.

Words: the file, a JSON file of what a window is, and the JSON file to write the figures to.
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

LOW_DIM = ["arm_pose", "arm_gripper", "finger_wrench", "finger_field"]


def prepare_torchvision() -> None:
    """Declare the operators that torchvision looks for when it meets a torch that it was not built for."""
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    globals()["_library"] = library  # kept: it withdraws its operators when it goes


def open_dataset(path: str, wanted: dict[str, Any]) -> Any:
    """Return the data set in its quickest way: windows laid out in memory, or with pictures all but these in memory.

    With pictures its other way would keep every window with all of its pictures, tens of GB of a few minutes.
    """
    utilities = importlib.import_module("robomimic.utils.obs_utils")
    pictures = [f"{name}_image" for name in wanted["cameras"]]
    utilities.initialize_obs_utils_with_obs_specs([{"obs": {"low_dim": LOW_DIM, "rgb": pictures}}])
    maker = importlib.import_module("robomimic.utils.dataset").SequenceDataset
    return maker(
        hdf5_path=path, obs_keys=(*LOW_DIM, *pictures), dataset_keys=("actions",), frame_stack=2,
        seq_length=wanted["chunk"], hdf5_cache_mode="low_dim" if pictures else "all", load_next_obs=False,
    )  # fmt: skip


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
    rate, per_cpu_s = windows_per_second(dataset, wanted["batch"], wanted["seconds"])
    version = importlib.metadata.version("robomimic")
    return {
        "windows_per_s": rate, "windows_per_cpu_s": per_cpu_s, "open_s": opened, "windows": len(dataset),
        "version": version,
    }  # fmt: skip


if __name__ == "__main__":
    figures = main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()))
    Path(sys.argv[3]).write_text(json.dumps(figures))
