"""Run by robomimic's Python: its own inspection, its loader, and some steps of its BC. Called by `run.py`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

STEPS = 40


def declare_operators() -> None:
    """Declare what the CPU build of torch lacks of torchvision's compiled part; nothing here calls it."""
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    globals()["kept_alive"] = library


def tell(check: str, ok: bool, detail: str) -> None:
    print(json.dumps({"check": check, "ok": bool(ok), "detail": detail}), flush=True)


def check_inspection(path: str, truth: dict[str, Any]) -> None:
    import robomimic

    script = os.path.join(os.path.dirname(robomimic.__file__), "scripts", "get_dataset_info.py")
    said = io.StringIO()
    sys.argv = [script, "--dataset", path]
    with contextlib.redirect_stdout(said):
        runpy.run_path(script, run_name="__main__")  # raises when the actions leave −1..1
    total = sum(each["rows"] for each in truth["episodes"])
    tell("get_dataset_info.py", f"total transitions: {total}" in said.getvalue(), f"{total} transitions")


def make_config(path: str, folder: str) -> Any:
    from robomimic.config import config_factory

    config = config_factory("bc")
    with config.values_unlocked():
        config.train.data = path
        config.train.output_dir = folder
        config.train.cuda = False
        config.train.hdf5_filter_key = "train"
        config.train.hdf5_validation_filter_key = "valid"
        config.experiment.validate = True
        config.observation.modalities.obs.low_dim = [
            "arm_pose",
            "arm_gripper",
            "finger_wrench",
            "finger_field",
        ]
        config.observation.modalities.obs.rgb = []
    return config


def check_training(path: str, folder: str, truth: dict[str, Any]) -> None:
    from robomimic.algo import algo_factory
    from robomimic.utils import file_utils, obs_utils, train_utils

    config = make_config(path, folder)
    obs_utils.initialize_obs_utils_with_config(config)
    shapes = file_utils.get_shape_metadata_from_dataset(path, all_obs_keys=config.all_obs_keys, verbose=False)
    train, _ = train_utils.load_data_for_training(config, obs_keys=shapes["all_obs_keys"])
    pose = train[0]["obs"]["arm_pose"][0]
    right = np.abs(pose - np.array(truth["episodes"][0]["observation.state"][0][-7:])).max() < 1e-5
    tell("SequenceDataset", bool(right), f"{len(train)} sequences; the first pose is the recorded one")
    torch.manual_seed(0)
    model = algo_factory("bc", config, shapes["all_shapes"], shapes["ac_dim"], torch.device("cpu"))
    model.set_train()
    loader = torch.utils.data.DataLoader(train, batch_size=32, shuffle=True)
    losses: list[float] = []
    while len(losses) < STEPS:
        for batch in loader:
            ready = model.postprocess_batch_for_training(model.process_batch_for_training(batch), None)
            losses.append(float(model.log_info(model.train_on_batch(ready, epoch=1))["Loss"]))
    first, last = float(np.mean(losses[:5])), float(np.mean(losses[-5:]))
    tell(
        "BC trains",
        bool(np.isfinite(losses).all() and last < first),
        f"{len(losses)} steps, loss {first:.4f} → {last:.4f}",
    )


def main() -> None:
    declare_operators()
    path, truth = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    check_inspection(path, truth)
    check_training(path, os.path.dirname(path), truth)


if __name__ == "__main__":
    main()
