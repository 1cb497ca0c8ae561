"""Checkpoints of unknown origin (X7): each is refused in words, and nothing happens beside that."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from app.core.errors import LearningError
from app.learning import checkpoint
from app.learning.config import MARKER_VALUES, Budget, PlannerConfig, RdpConfig, RunConfig, TokenizerConfig
from app.learning.policies.build import Policy
from app.learning.policies.rdp.policy import RdpPolicy

SMALL = RdpConfig(
    tokenizer=TokenizerConfig(latent=2, channels=8, hidden=8),
    planner=PlannerConfig(width=16, blocks=1, level_features=8),
)
MARKERS = 7


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a whole checkpoint of a small policy that nobody trained."""
    config = RunConfig(
        1, "rdp", "sim/wipe", "wipe", MARKERS, SMALL, Budget(10), 0, (), (), "0.1.0", True, "planner", 10
    )
    policy = RdpPolicy(SMALL, MARKERS * MARKER_VALUES)
    checkpoint.write_run(tmp_path / "run", config, policy.state_dict(), {})
    return tmp_path / "run"


def load(run: Path) -> Policy:
    return checkpoint.load_policy(run, checkpoint.read_config(run))


def test_the_untouched_one_is_loaded(run: Path) -> None:
    assert isinstance(load(run), RdpPolicy)


def header(size: int, text: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", size) + text + data


def tensor(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def described(about: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(about).encode()
    return header(len(text), text, data)


def pickled(run: Path) -> bytes:
    """Return a pickle that makes a folder when it is loaded."""
    return b"cos\nmkdir\n(V" + os.fsencode(run.parent / "effect") + b"\ntR."


def zipped(run: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", pickled(run))
        file.writestr("archive/data/0", bytes(50_000_000))
        file.writestr("../../effect", b"out")
    return buffer.getvalue()


WEIGHTS: dict[str, Callable[[Path], bytes]] = {
    "a pickle": pickled,
    "a torch archive, a zip bomb that leads out": zipped,
    "empty": lambda _run: b"",
    "seven bytes": lambda _run: b"\1\2\3\4\5\6\7",
    "header larger than the file": lambda _run: header(1 << 40, b"{}"),
    "header of all bits": lambda _run: header((1 << 64) - 1, b"{}"),
    "header of 100 MB": lambda _run: header(100_000_001, b" " * 1000),
    "header that is no JSON": lambda _run: header(4, b"\xff\xfe\0\0"),
    "header that is a list": lambda _run: header(2, b"[]"),
    "header nested deep": lambda _run: header(200_000, b"[" * 200_000),
    "offsets that overlap": lambda _run: described(
        {"a": tensor("F32", [4], 0, 16), "b": tensor("F32", [4], 8, 24)}, bytes(24)
    ),
    "offsets beyond the end": lambda _run: described({"a": tensor("F32", [1 << 40], 0, 1 << 42)}, bytes(64)),
    "offsets that run backwards": lambda _run: described({"a": tensor("F32", [4], 16, 0)}, bytes(16)),
    "negative offsets": lambda _run: described({"a": tensor("F32", [4], -16, 0)}, bytes(16)),
    "a shape that overflows": lambda _run: described(
        {"a": tensor("F32", [1 << 33, 1 << 33], 0, 16)}, bytes(16)
    ),
    "a shape that does not fit": lambda _run: described({"a": tensor("F32", [5], 0, 16)}, bytes(16)),
    "an unknown type": lambda _run: described({"a": tensor("OBJECT", [4], 0, 16)}, bytes(16)),
    "a hole between tensors": lambda _run: described(
        {"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 12, 16)}, bytes(16)
    ),
    "numpy with a pickle in it": lambda run: (
        b"\x93NUMPY\1\0v\0" + b"{'descr': '|O'}".ljust(118) + pickled(run)
    ),
}


@pytest.mark.parametrize("case", list(WEIGHTS))
def test_hostile_weights(run: Path, case: str) -> None:
    (run / checkpoint.WEIGHTS).write_bytes(WEIGHTS[case](run))
    refused(run)


def refused(run: Path, reason: str = ".") -> None:
    """Check that loading is refused in words, and that nothing appeared."""
    before = sorted(run.parent.rglob("*"))
    with pytest.raises(LearningError, match=reason) as caught:
        load(run)
    assert str(run) in caught.value.sentence()
    assert sorted(run.parent.rglob("*")) == before
    assert not (run.parent / "effect").exists()


def without(state: dict[str, Any]) -> None:
    del state[next(iter(state))]


def added(state: dict[str, Any]) -> None:
    state["../../effect"] = next(iter(state.values())).clone()


def wider(state: dict[str, Any]) -> None:
    name = next(name for name in state if name.endswith("weight"))
    state[name] = state[name].repeat(2, *[1] * (state[name].ndim - 1))


def not_finite(state: dict[str, Any]) -> None:
    name = next(name for name in state if state[name].is_floating_point())
    state[name].view(-1)[0] = np.nan


@pytest.mark.parametrize("change", [without, added, wider, not_finite])
def test_weights_that_do_not_fit(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    state = {name: value.clone() for name, value in load_file(run / checkpoint.WEIGHTS).items()}
    change(state)
    save_file({name: value.contiguous() for name, value in state.items()}, run / checkpoint.WEIGHTS)
    refused(run, "do not fit|not finite")


CONFIGS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a policy larger than memory": lambda about: about["rdp"]["planner"].update(width=10**9),
    "markers without end": lambda about: about.update(markers=2**40),
    "blocks without end": lambda about: about["rdp"]["planner"].update(blocks=10**9),
    "a chunk of nothing": lambda about: about["rdp"]["grid"].update(chunk=0),
    "a leash of a kilometre": lambda about: about["rdp"]["runtime"].update(leash_m=1000.0),
    "another policy": lambda about: about.update(policy="os.system"),
    "a field of its own": lambda about: about.update(command="rm -rf"),
    "another schema": lambda about: about.update(schema_version=99),
    "text for a number": lambda about: about.update(seed="seven"),
}


@pytest.mark.parametrize("case", list(CONFIGS))
def test_hostile_settings(run: Path, case: str) -> None:
    about = json.loads((run / checkpoint.CONFIG).read_bytes())
    CONFIGS[case](about)
    (run / checkpoint.CONFIG).write_bytes(msgspec.json.encode(about))
    refused(run)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 200_000, b'{"schema_version": 1e400}'])
def test_settings_that_are_no_json(run: Path, data: bytes) -> None:
    (run / checkpoint.CONFIG).write_bytes(data)
    refused(run)


def test_a_pipe_is_not_waited_for(run: Path) -> None:
    for name in (checkpoint.WEIGHTS, checkpoint.CONFIG):
        (run / name).unlink()
        os.mkfifo(run / name)
        with pytest.raises(LearningError, match="it has no"):
            load(run)
