"""What a rig file may say of the simulated bench: unknown words and wrong types are named, and defaults stand in."""

from __future__ import annotations

import pytest

from app.core.errors import RigError
from app.core.rig import load_rig
from devices.options import read_options
from devices.simulated.options import BenchOptions


def test_the_rig_that_comes_with_touchstone_is_understood() -> None:
    rig = load_rig("sim/wipe")
    assert read_options(rig.name, rig.device.options, BenchOptions).picture == (320, 240)


def test_a_typo_in_an_option_is_named_with_the_valid_ones() -> None:
    with pytest.raises(RigError, match=r"lab.*pictur_rate.*Valid: condition, picture, picture_rate"):
        read_options("lab", {"pictur_rate": 25.0}, BenchOptions)


def test_a_wrong_type_is_named() -> None:
    with pytest.raises(RigError, match=r"picture_rate"):
        read_options("lab", {"picture_rate": "fast"}, BenchOptions)


def test_what_is_left_out_has_a_default() -> None:
    assert read_options("lab", {}, BenchOptions).condition == "mixed"
