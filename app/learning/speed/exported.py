"""Plan and decoder step as ONNX graphs, run by ONNX Runtime on one thread. Needs the optional extra `onnx`.

The plan is the whole sampler: condition and noise to a latent. The graphs are compared with the eager modules before
they are measured; a graph that computes something else would be measured for nothing.
"""

from __future__ import annotations

import importlib.util
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from app.core.errors import LearningError
from app.learning.policies.rdp.policy import RdpPolicy

NEEDED = ("onnx", "onnxruntime")
TOLERANCE = 1e-4


def available() -> bool:
    """Return whether the packages of the extra are installed."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


class WholePlan(nn.Module):
    """The sampler as one module."""

    def __init__(self, policy: RdpPolicy) -> None:
        super().__init__()
        self.policy = policy

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return the latent (1, ·)."""
        return self.policy.plan(condition, noise)


class OneStep(nn.Module):
    """One decoder tick as one module."""

    def __init__(self, policy: RdpPolicy) -> None:
        super().__init__()
        self.policy, self.decoder = policy, policy.tokenizer.decoder

    def forward(self, latent: Tensor, touch: Tensor, phase: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return the action (1, 1, 8) in own units and the state (1, 1, hidden) after it."""
        action, after = self.decoder(latent, touch, phase, state)
        return self.policy.action.inverse(action), after


def runner(module: nn.Module, inputs: tuple[Tensor, ...]) -> Callable[[], Any]:
    """Return a call that runs the exported module on these inputs.

    Raises:
        LearningError: If the exported graph does not compute what the module does.
    """
    import onnxruntime

    names = [f"input_{index}" for index in range(len(inputs))]
    with torch.no_grad():
        eager = module.eval()(*inputs)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    graph = _graph(module, inputs, names)
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    given = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
    fed = {item.name: given[item.name] for item in session.get_inputs()}
    first = eager[0] if isinstance(eager, tuple) else eager
    if not np.allclose(session.run(None, fed)[0], first.numpy(), atol=TOLERANCE, rtol=1e-3):
        raise LearningError(
            f"exported {type(module).__name__}", "the graph does not compute what the module does"
        )
    return lambda: session.run(None, fed)


def _graph(module: nn.Module, inputs: tuple[Tensor, ...], names: list[str]) -> bytes:
    """Return the module as an ONNX graph. The exporter that needs no more packages warns that there is a newer one."""
    with tempfile.TemporaryDirectory(prefix="touchstone-onnx-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "graph.onnx"
        with torch.no_grad():
            torch.onnx.export(module, inputs, str(path), input_names=names, dynamo=False, opset_version=17)
        return path.read_bytes()
