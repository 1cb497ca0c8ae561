"""robosuite rigs where robosuite is not installed: the way out is told, and nothing of it is imported to find out."""

from __future__ import annotations

import pytest

from app.core.errors import DeviceError
from app.core.rig import load_rig
from devices import specs
from devices.parts.extras import install_command
from devices.specs import make_device


def test_the_command_keeps_what_clashes_with_us_away() -> None:
    command = install_command("robosuite")
    first, second = command.split(" && ")
    assert "numba==" in first
    assert "robosuite" not in first.partition("install")[2]
    assert "--no-deps robosuite==" in second


def test_a_missing_library_is_told_with_that_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(specs.LIBRARIES, "robosuite", (("robosuite_that_is_not_there",), "robosuite"))
    with pytest.raises(DeviceError, match=r"robosuite_that_is_not_there.*--no-deps robosuite=="):
        make_device(load_rig("robosuite/lift"), lockstep=True)
