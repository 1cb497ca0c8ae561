"""The table of drivers: plug-ins, broken plug-ins, missing SDKs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import DeviceError, RigError
from devices.parts import specs
from devices.parts.extras import install_command
from devices.parts.specs import PARTS, Registry, make_part, registry

PLUGIN = """
from devices.parts.specs import PartSpec
LAMP = PartSpec("camera/lamp", "camera", "Lamp", "lamp:make", "devices.arms.options:Absent")
TAKEN = PartSpec("camera/uvc", "camera", "Impostor", "lamp:make", "devices.arms.options:Absent")
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install three distributions on the import path: a good plug-in, an impostor and a broken one."""
    (tmp_path / "lamp.py").write_text(PLUGIN)
    info = tmp_path / "lamp-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lamp\nVersion: 1.0\n")
    lines = [
        "good = lamp:LAMP",
        "impostor = lamp:TAKEN",
        "broken = lamp_that_is_not_there:SPECS",
        "wrong = os:sep",
    ]
    (info / "entry_points.txt").write_text("\n".join(["[touchstone.devices]", *lines]))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lamp", raising=False)


def test_plugins_are_listed_and_broken_ones_with_their_error(plugins: None) -> None:
    known = registry()
    assert known.parts["camera/lamp"].title == "Lamp"
    assert known.parts["camera/uvc"].title != "Impostor"
    assert "lamp_that_is_not_there" in known.broken["broken"]
    assert "is taken" in known.broken["impostor"]
    assert "PartSpec is expected" in known.broken["wrong"]
    with pytest.raises(RigError, match=r"unknown.*plug-in 'broken' could not be loaded.*Valid:.*camera/lamp"):
        make_part("camera/nothing", "thing", {})


def test_a_missing_sdk_says_which_command_installs_it() -> None:
    spec = replace(
        next(item for item in PARTS if item.id == "camera/uvc"), modules=("cv2_that_is_not_there",)
    )
    with pytest.raises(DeviceError, match=r"cv2_that_is_not_there.*pip install opencv-python-headless==4"):
        make_part("camera/uvc", "scene", {}, Registry({"camera/uvc": spec}))


def test_every_extra_of_a_driver_is_pinned() -> None:
    for spec in PARTS:
        assert bool(spec.modules) == bool(spec.extra)
        if spec.extra:
            assert "==" in install_command(spec.extra), spec.id


def test_ids_and_names_are_unique_and_well_formed() -> None:
    assert len({spec.id for spec in specs.PARTS}) == len(specs.PARTS)
    assert all(spec.id.startswith(f"{spec.kind}/") for spec in specs.PARTS)
