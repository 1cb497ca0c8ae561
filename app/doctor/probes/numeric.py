"""Asks torch for its build, threads and accelerator, and lets it compute something there."""

from __future__ import annotations

import json

import torch


def main() -> None:
    """Print the build, the number of threads and the accelerator (null if none).

    Raises:
        SystemExit: A product of two matrices is wrong on the device.
    """
    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    ones = torch.ones((64, 64), device=device)
    if float((ones @ ones).sum().cpu()) != 64.0**3:
        raise SystemExit(f"torch computes wrong values on {device}")
    name = torch.cuda.get_device_name(0) if device == "cuda" else "Apple GPU" if device == "mps" else None
    print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads(), "accelerator": name}))


if __name__ == "__main__":
    main()
