"""A whole sampler as one CUDA graph: recorded once, then replayed on new inputs by a single call of the driver.

A sampler is some tens of small kernels, whose launches take longer than they do. Used by `process` where there is a
graphics card; what is recorded is compared with the eager module on the same card before it is measured.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from app.core.errors import LearningError

DEVICE = "cuda"
WARM_UP = 3
TOLERANCE = 1e-3


def available() -> bool:
    """Return whether there is a card that PyTorch can use."""
    return torch.cuda.is_available()


def moved(module: nn.Module, device: str) -> nn.Module:
    """Return a copy of a module on a device, with the tensors that are neither weights nor buffers."""
    other = copy.deepcopy(module).to(device)
    for part in other.modules():
        for name, value in list(vars(part).items()):
            if isinstance(value, Tensor):
                setattr(part, name, value.to(device))
    return other


@torch.no_grad()
def runner(module: nn.Module, inputs: tuple[Tensor, ...]) -> Callable[..., Tensor]:
    """Return a call that takes inputs of these shapes and returns what the module makes of them, both on the host.

    Raises:
        LearningError: If the graph does not compute what the module does, on inputs other than the recorded ones.
    """
    other = moved(module.eval(), DEVICE)
    held = tuple(value.to(DEVICE) for value in inputs)
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.device(DEVICE), torch.cuda.stream(aside):  # libraries take their memory before the recording
        for _ in range(WARM_UP):
            other(*held)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.device(DEVICE), torch.cuda.graph(graph):
        made = other(*held)

    def replay(*given: Tensor) -> Tensor:
        for slot, value in zip(held, given, strict=True):
            slot.copy_(value)
        graph.replay()
        result: Tensor = made.cpu()  # waits for the card
        return result

    fresh = tuple(torch.randn_like(value) for value in inputs)
    with torch.device(DEVICE):
        eager = other(*(value.to(DEVICE) for value in fresh)).cpu()
    if not torch.allclose(replay(*fresh), eager, atol=TOLERANCE, rtol=TOLERANCE):
        raise LearningError(
            f"CUDA graph of {type(module).__name__}", "it does not compute what the module does"
        )
    return replay
