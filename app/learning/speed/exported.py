"""Plan and decoder step as ONNX graphs, run on one thread by ONNX Runtime and by OpenVINO, where these are installed.

The optional extras are `onnx` and `openvino`. The plan is the whole sampler: condition and noise to a latent. The
graphs are compared with the eager modules before they are measured; a graph that computes something else would be
measured for nothing. Used by `process`.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from app.core.errors import LearningError
from app.learning.policies.rdp.policy import RdpPolicy

NEEDED = {"onnx": ("onnx", "onnxruntime"), "openvino": ("onnx", "openvino")}
TOLERANCE = 1e-4
Array = npt.NDArray[np.float32]
Engine = Callable[[bytes, Mapping[str, Array]], Callable[[], Any]]


def available() -> tuple[str, ...]:
    """Return which engines are installed: `onnx` is ONNX Runtime."""
    return tuple(
        engine
        for engine, needed in NEEDED.items()
        if all(importlib.util.find_spec(name) is not None for name in needed)
    )


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


def runners(module: nn.Module, inputs: tuple[Tensor, ...]) -> dict[str, Callable[[], Any]]:
    """Return for each installed engine a call that runs the exported module on these inputs.

    Raises:
        LearningError: If an engine does not compute what the module does.
    """
    if not (engines := available()):
        return {}
    names = [f"input_{index}" for index in range(len(inputs))]
    with torch.no_grad():
        eager = module.eval()(*inputs)
    first = (eager[0] if isinstance(eager, tuple) else eager).numpy()
    graph = _graph(module, inputs, names)
    given = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
    ways = {engine: _ENGINES[engine](graph, given) for engine in engines}
    for engine, way in ways.items():
        if not np.allclose(way()[0], first, atol=TOLERANCE, rtol=1e-3):
            raise LearningError(
                f"{type(module).__name__} exported for {engine}", "it does not compute what the module does"
            )
    return ways


def _onnx(graph: bytes, given: Mapping[str, Array]) -> Callable[[], Any]:
    """Return a call of ONNX Runtime; inputs that the graph does not use are left out."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    fed = {item.name: given[item.name] for item in session.get_inputs()}
    return lambda: session.run(None, fed)


def _openvino(graph: bytes, given: Mapping[str, Array]) -> Callable[[], Any]:
    """Return a call of OpenVINO, in full precision: the default of some processors is bfloat16."""
    # Without this, importing OpenVINO tells its makers so, over the network and in a process of its own.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32",
    }  # fmt: skip
    request = core.compile_model(core.read_model(graph), "CPU", settings).create_infer_request()
    fed = {item.any_name: given[item.any_name] for item in request.model_inputs}
    return lambda: request.infer(fed, share_inputs=True, share_outputs=True)


_ENGINES: dict[str, Engine] = {"onnx": _onnx, "openvino": _openvino}


def _graph(module: nn.Module, inputs: tuple[Tensor, ...], names: list[str]) -> bytes:
    """Return the module as an ONNX graph. The exporter that needs no more packages warns that there is a newer one."""
    with tempfile.TemporaryDirectory(prefix="touchstone-onnx-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "graph.onnx"
        with torch.no_grad():
            torch.onnx.export(module, inputs, str(path), input_names=names, dynamo=False, opset_version=17)
        return path.read_bytes()
