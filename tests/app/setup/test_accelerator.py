"""An accelerator counts only if its driver answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.setup import accelerator


@pytest.fixture
def no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a driver; returns a folder on the path where a program can be put."""
    monkeypatch.setattr(accelerator, "DRIVER", tmp_path / "absent")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put_program(folder: Path, script: str) -> None:
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "nvidia-smi").chmod(0o755)


def test_none(no_driver: Path) -> None:
    assert accelerator.find_accelerator() is None


def test_program_that_answers(no_driver: Path) -> None:
    put_program(no_driver, 'echo "GPU 0: NVIDIA H200 (UUID: GPU-1234)"')
    assert accelerator.find_accelerator() == "GPU 0: NVIDIA H200"


def test_program_without_a_device(no_driver: Path) -> None:
    put_program(no_driver, "echo 'failed because it could not communicate with the driver'; exit 9")
    assert accelerator.find_accelerator() is None


def test_driver_without_the_program(no_driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (no_driver / "version").touch()
    monkeypatch.setattr(accelerator, "DRIVER", no_driver / "version")
    assert accelerator.find_accelerator() is not None
