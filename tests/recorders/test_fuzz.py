"""Mutated takes cannot harm their reader beyond its own process, and no damage is taken for data (D12)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.recorders import fuzz_reader
from tests.recorders.takes import make_episode

SHORT, FULL = 300, 10_000
DEADLINE_S = 10.0  # for one file


def fuzz(folder: Path, count: int) -> Counter[str]:
    """Read `count` mutations, in a new process after each that kills its reader; returns what came of them."""
    source = make_episode(folder, 3)
    found: Counter[str] = Counter()
    first = 0
    while first < count:
        words = [str(source), str(folder / "mutated.h5"), str(first), str(count)]
        command = [sys.executable, "-m", "tests.recorders.fuzz_reader", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=DEADLINE_S + 0.05 * (count - first)
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found.update(what for _, what in lines if what != "begins")
        for number, what in lines:
            if what == "whole":
                same = fuzz_reader.mutated(source.read_bytes(), number) == source.read_bytes()
                found["whole and unchanged" if same else "whole though changed"] += 1
        if done.returncode == 0:
            break
        assert done.returncode < 0, done.stderr[
            -2000:
        ]  # HDF5 crashed; a Python error would be a defect of ours
        found["reader died"] += 1
        first = lines[-1][0] + 1
    return found


def check(found: Counter[str], count: int) -> None:
    assert found["whole"] + found["damaged"] + found["refused"] + found["reader died"] == count
    assert found["refused"] > count * 0.2
    assert found["damaged"] > count * 0.01
    assert found["reader died"] <= count * 0.01


@pytest.mark.process
def test_mutated_takes(tmp_path: Path) -> None:
    check(fuzz(tmp_path, SHORT), SHORT)


@pytest.mark.soak
@pytest.mark.process
def test_many_mutated_takes(tmp_path: Path) -> None:
    check(fuzz(tmp_path, FULL), FULL)
