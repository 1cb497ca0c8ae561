"""Prints the DDIM values of `ddim.json`. Run in an environment of its own with `pip install diffusers torch`.

Used by nobody at test time: diffusers is no dependency of ours, not even of the tests.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

import torch

CASES = ((100, 10), (100, 5), (20, 20))


def case(count: int, steps: int) -> dict[str, Any]:
    """Return time steps, shares of data, and the last sample of one schedule, for a made-up network."""
    scheduler = importlib.import_module("diffusers").DDIMScheduler(
        num_train_timesteps=count, beta_schedule="squaredcos_cap_v2", prediction_type="sample",
        clip_sample=False, set_alpha_to_one=True, timestep_spacing="trailing",
    )  # fmt: skip
    scheduler.set_timesteps(steps)
    x = torch.linspace(-2, 2, 12).view(1, 4, 3)
    for step in scheduler.timesteps:
        clean = torch.tanh(0.7 * x + 0.01 * (step.float() + 1.0) / count)
        x = scheduler.step(clean, step, x, eta=0.0).prev_sample
    return {
        "timesteps": scheduler.timesteps.tolist(),
        "kept": [float(f"{value:.8g}") for value in scheduler.alphas_cumprod],
        "x": [[round(float(value), 7) for value in x.flatten()]],
    }


if __name__ == "__main__":
    version = importlib.import_module("diffusers").__version__
    command = "python tests/app/learning/reference/ddim.py > tests/app/learning/reference/ddim.json"
    cases = {f"{count}/{steps}": case(count, steps) for count, steps in CASES}
    print(json.dumps({"made_with": f"diffusers {version}", "command": command, "cases": cases}, indent=1))
