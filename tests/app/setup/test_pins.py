"""Pins are read from pyproject.toml as pip would read them."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path

import pytest

from app.setup.errors import SetupError
from app.setup.pins import Pin, marker_holds, mismatches, parse_all, read_pins

PYPROJECT = """
[project]
dependencies = ["torch==2.0", "here==1; sys_platform == '{here}'", "elsewhere==1; sys_platform != '{here}'"]
[project.optional-dependencies]
dev = ["tool==3"]
[tool.touchstone]
without-dependencies = ["model==4"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text.replace("{here}", sys.platform))
    return path


def test_torch_is_apart_and_markers_choose(tmp_path: Path) -> None:
    pins = read_pins(write(tmp_path, PYPROJECT))
    assert pins.torch == Pin("torch", "2.0")
    assert pins.runtime == (Pin("here", "1"),)
    assert [pin.name for pin in pins.wanted(dev=True)] == ["torch", "here", "tool", "model"]
    assert [pin.name for pin in pins.wanted(dev=False)] == ["torch", "here", "model"]


def test_digest_changes_with_a_version_and_with_the_tools(tmp_path: Path) -> None:
    before = read_pins(write(tmp_path, PYPROJECT))
    after = read_pins(write(tmp_path, PYPROJECT.replace("model==4", "model==5")))
    assert before.digest(dev=False) != after.digest(dev=False)
    assert before.digest(dev=False) != before.digest(dev=True)
    assert before.digest(dev=True) == read_pins(write(tmp_path, PYPROJECT)).digest(dev=True)


def test_own_pins_are_those_that_were_measured() -> None:
    pins = {pin.name: pin.version for pin in read_pins().wanted(dev=False)}
    assert pins["PySide6-Essentials"] == "6.11.3"  # 6.12.0 corrupts Python 3.11
    assert tuple(int(part) for part in pins["mujoco"].split(".")) < (3, 9)  # gym-hil's model
    assert len({"open3d", "open3d-cpu"} & set(pins)) == 1


@pytest.mark.parametrize("requirement", ["numpy", "numpy>=2", "numpy==", "numpy~=2.0"])
def test_loose_requirement_is_refused_by_name(requirement: str) -> None:
    with pytest.raises(SetupError, match=r"numpy.*not pinned with =="):
        parse_all([requirement])


def test_missing_torch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="does not pin torch"):
        read_pins(write(tmp_path, PYPROJECT.replace("torch==2.0", "numpy==2.0")))


def test_markers() -> None:
    machine = platform.machine()
    assert marker_holds(f"sys_platform == '{sys.platform}' and platform_machine == '{machine}'")
    assert not marker_holds(f"sys_platform == '{sys.platform}' and platform_machine == 'pdp11'")
    assert marker_holds(f"sys_platform == 'vms' or platform_machine == '{machine}'")


@pytest.mark.parametrize(
    "marker", ["python_version == '3.11'", "sys_platform in 'linux'", "not sys_platform", "f()"]
)
def test_marker_that_is_not_understood_is_an_error(marker: str) -> None:
    with pytest.raises(SetupError, match="marker"):
        marker_holds(marker)


def test_mismatches_name_what_is_wrong_and_what_is_there() -> None:
    have = importlib.metadata.version("pytest")
    wanted = (Pin("pytest", have), Pin("pytest", "0.1"), Pin("no-such-package-here", "1"))
    assert mismatches(wanted) == [(Pin("pytest", "0.1"), have), (Pin("no-such-package-here", "1"), None)]


def test_local_build_meets_the_pin() -> None:
    have = importlib.metadata.version("torch")
    assert mismatches((Pin("torch", have.partition("+")[0]),)) == []
