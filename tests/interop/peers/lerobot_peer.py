"""Run by LeRobot's Python: does its own loader give the rows and pictures that were exported? Called by `run.py`.

LeRobot 0.4.4 wants torch below 2.11. With the CPU build of 2.13 torchvision lacks two operators of its compiled part;
they are declared here, and nothing of what is checked calls them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch


def declare_operators() -> None:
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    globals()["kept_alive"] = library


def tell(check: str, ok: bool, detail: str) -> None:
    print(json.dumps({"check": check, "ok": bool(ok), "detail": detail}), flush=True)


def check_rows(data: Any, truth: dict[str, Any]) -> None:
    """Look at every row: numbers, the time, and the grey that says which picture it is."""
    worst_number = worst_grey = 0.0
    row = 0
    for episode, about in enumerate(truth["episodes"]):
        for tick in range(about["rows"]):
            item = data[row]
            assert int(item["episode_index"]) == episode
            assert abs(float(item["timestamp"]) - tick / truth["rate"]) < 1e-5
            assert int(item["session_time_ns"]) == about["t_ns"][tick]
            for key in ("observation.state", "action"):
                difference = np.abs(item[key].numpy() - np.array(about[key][tick])).max()
                worst_number = max(worst_number, float(difference))
            grey = float(item["observation.images.scene"][:, 40, 60].mean()) * 255
            worst_grey = max(worst_grey, abs(grey - about["grey"][tick]))
            row += 1
    assert row == len(data)
    tell("numbers of every row", worst_number < 1e-5, f"{row} rows, largest difference {worst_number:.1e}")
    tell("picture of every row", worst_grey < 8, f"largest difference of the grey {worst_grey:.1f} of 255")


def check_windows(load: Any, truth: dict[str, Any]) -> None:
    period = 1 / truth["rate"]
    data = load(delta_timestamps={"action": [0.0, period], "observation.images.scene": [-period, 0.0]})
    first, last = data[0], data[truth["episodes"][0]["rows"] - 1]
    padded = first["observation.images.scene_is_pad"].tolist() == [True, False]
    padded = padded and last["action_is_pad"].tolist() == [False, True]
    tell("windows over time", padded, "padding is marked at both ends of an episode")


def check_editing(data: Any, truth: dict[str, Any]) -> None:
    from lerobot.datasets.dataset_tools import delete_episodes, merge_datasets

    rows = [each["rows"] for each in truth["episodes"]]
    with tempfile.TemporaryDirectory() as folder:
        less = delete_episodes(data, [1], output_dir=Path(folder) / "less", repo_id="touchstone/less")
        both = merge_datasets(
            [data, less], output_repo_id="touchstone/both", output_dir=Path(folder) / "both"
        )
        tell("delete an episode", len(less) == sum(rows) - rows[1], f"{len(less)} rows stay")
        tell("merge two sets", len(both) == len(data) + len(less), f"{len(both)} rows")


def main() -> None:
    declare_operators()
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    truth = json.loads(Path(sys.argv[2]).read_text())

    def load(**more: Any) -> Any:
        return LeRobotDataset("touchstone/set", root=sys.argv[1], video_backend="torchcodec", **more)

    data = load()
    same = (data.num_episodes, data.fps) == (len(truth["episodes"]), truth["rate"])
    tell("opens in LeRobotDataset", same, f"{data.num_episodes} episodes, {len(data)} rows at {data.fps} Hz")
    tell("task of a row", data[0]["task"] == truth["episodes"][0]["task"], repr(data[0]["task"]))
    check_rows(data, truth)
    check_windows(load, truth)
    check_editing(data, truth)


if __name__ == "__main__":
    main()
