"""Run by LeRobot's Python: writes a set with its own recorder's calls, for our import. Called by `run.py`.

Row t of episode e has the state 100 e + t + i / 10, the action −t, and a picture of the grey (40 + 23 t) mod 200.
"""

from __future__ import annotations

import sys

import numpy as np
import torch

ROWS, EPISODES, RATE_HZ = 20, 2, 30


def main() -> None:
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    features = {
        "observation.state": {"dtype": "float32", "shape": (4,), "names": list("abcd")},
        "action": {"dtype": "float32", "shape": (2,), "names": ["left", "right"]},
        "observation.images.top": {
            "dtype": "video", "shape": (96, 128, 3), "names": ["height", "width", "channels"],
        },
    }  # fmt: skip
    data = LeRobotDataset.create("touchstone/written", RATE_HZ, features, root=sys.argv[1], use_videos=True)
    for episode in range(EPISODES):
        for tick in range(ROWS):
            data.add_frame({
                "observation.state": (100 * episode + tick + np.arange(4) / 10).astype(np.float32),
                "action": np.full(2, -tick, np.float32), "task": f"task {episode}",
                "observation.images.top": np.full((96, 128, 3), (40 + 23 * tick) % 200, np.uint8),
            })  # fmt: skip
        data.save_episode()
    data.finalize()


if __name__ == "__main__":
    main()
