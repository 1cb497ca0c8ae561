"""LeRobot's own recorder under the load of `bench record`. Run by that bench with another Python, where lerobot is.

It imports nothing of Touchstone. LeRobot keeps one row per frame at one rate, so state, wrench and touch come at the
rate of the pictures here; that is how its record loop works.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

FPS = 30
MARKERS = 63


def prepare_torchvision() -> None:
    """Declare the two operators that torchvision looks for when it meets a torch that it was not built for."""
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for signature in ("nms(Tensor dets, Tensor scores, float threshold) -> Tensor",
                      "qnms(Tensor dets, Tensor scores, float threshold) -> Tensor"):  # fmt: skip
        library.define(signature)
    globals()["_library"] = library  # kept: it withdraws its operators when it goes


def features(pictures: dict[str, np.ndarray]) -> dict[str, dict[str, object]]:
    """Return the features of the data set: videos and one row of numbers per frame."""
    found: dict[str, dict[str, object]] = {
        f"observation.images.{name}": {
            "dtype": "video", "shape": stack.shape[1:], "names": ["height", "width", "channels"],
        }
        for name, stack in pictures.items()
    }  # fmt: skip
    for name, size in (("observation.state", 14), ("observation.wrench", 6), ("observation.touch", 3 * MARKERS),
                       ("action", 8)):  # fmt: skip
        found[name] = {"dtype": "float32", "shape": (size,), "names": [f"{i}" for i in range(size)]}
    return found


def frame(pictures: dict[str, np.ndarray], number: int) -> dict[str, object]:
    """Return one row."""
    row: dict[str, object] = {}
    for name, stack in pictures.items():
        row[f"observation.images.{name}"] = stack[number % len(stack)]
    phase = number / FPS
    for name, size in (("observation.state", 14), ("observation.wrench", 6), ("observation.touch", 3 * MARKERS),
                       ("action", 8)):  # fmt: skip
        row[name] = np.sin(2.0 * phase + np.arange(size)).astype(np.float32)
    row["task"] = "bench"
    return row


def main(source: Path, target: Path, seconds: float) -> dict[str, object]:
    """Record so many seconds; returns the figures."""
    prepare_torchvision()
    maker = importlib.import_module("lerobot.datasets.lerobot_dataset").LeRobotDataset
    with np.load(source) as stored:
        pictures = {name: stored[name] for name in stored.files}
    dataset = maker.create(
        "touchstone/bench", FPS, features(pictures), root=target, use_videos=True,
        image_writer_threads=4 * len(pictures),
    )  # fmt: skip
    begun, spent = time.monotonic(), sum(os.times()[:4])
    due = late = number = 0
    while (passed := time.monotonic() - begun) < seconds:
        wait = number / FPS - passed
        if wait > 0:
            time.sleep(wait)
        elif wait < -1 / FPS:
            late += 1
        dataset.add_frame(frame(pictures, number))
        number += 1
    passed = time.monotonic() - begun
    cpu = (sum(os.times()[:4]) - spent) / passed
    due = round(passed * FPS)
    asked = time.monotonic()
    dataset.save_episode()
    dataset.finalize()
    commit_s = time.monotonic() - asked
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "version": importlib.metadata.version("lerobot"), "seconds": round(passed, 2), "frames": number,
        "dropped": max(0, due - number), "late": late, "cpu": round(cpu, 3), "commit_s": round(commit_s, 3),
        "mb_per_s": round(size * 1e-6 / passed, 2), "rate_hz": round(number / passed, 1),
        "rss_mb": round(pages * os.sysconf("SC_PAGE_SIZE") * 1e-6, 1),
    }  # fmt: skip


if __name__ == "__main__":
    figures = main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
    Path(sys.argv[4]).write_text(json.dumps(figures))
