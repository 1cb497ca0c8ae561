"""Run by a Python with zarr 2, the version that diffusion-policy uses: does the set do what its replay buffer asks?

diffusion-policy is on no package registry, so its class is not run; the calls are those that it makes: open the path
or copy the store into memory, find `data` and `meta/episode_ends`, compare their lengths, slice episodes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import zarr


def tell(check: str, ok: bool, detail: str) -> None:
    print(json.dumps({"check": check, "ok": bool(ok), "detail": detail}), flush=True)


def check_episodes(root: Any, truth: dict[str, Any], name: str) -> None:
    ends = root["meta"]["episode_ends"][:]
    lengths = {key: array.shape[0] for key, array in root["data"].items()}
    tell(
        f"{name}: every array ends with the last episode",
        set(lengths.values()) == {int(ends[-1])},
        f"{len(lengths)} arrays",
    )
    worst = 0.0
    start = 0
    for about, end in zip(truth["episodes"], ends, strict=True):
        for key, mine in (("state", "observation.state"), ("action", "action")):
            worst = max(worst, float(np.abs(root["data"][key][start:end] - np.array(about[mine])).max()))
        grey = root["data"]["scene_image"][start:end, 40, 60].mean(axis=1)
        worst = max(worst, float(np.abs(grey - np.array(about["grey"])).max()) / 255)
        start = int(end)
    tell(f"{name}: numbers and pictures", worst < 0.01, f"largest difference {worst:.1e}")


def main() -> None:
    path, truth = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    root = zarr.open(path, mode="r")
    check_episodes(root, truth, "opened")
    memory = zarr.MemoryStore()
    copied = zarr.group(store=memory)
    zarr.copy_store(
        source=root.store, dest=memory, source_path="/meta", dest_path="/meta", if_exists="replace"
    )
    for key in root["data"]:
        zarr.copy(
            source=root["data"][key],
            dest=copied.require_group("data"),
            name=key,
            chunks=root["data"][key].chunks,
        )
    check_episodes(copied, truth, "copied into memory")
    tell("zarr", True, f"version {zarr.__version__}")


if __name__ == "__main__":
    main()
