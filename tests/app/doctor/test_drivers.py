"""What the doctor says of drivers and plug-ins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.doctor import drivers
from app.doctor.finding import Verdict
from devices.parts import specs
from devices.parts.specs import PARTS, Registry


def test_every_driver_that_lacks_its_library_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = {spec.id: replace(spec, modules=("not_installed",)) if spec.extra else spec for spec in PARTS}
    monkeypatch.setattr(specs, "registry", lambda: Registry(parts))
    (finding,) = drivers.look()
    assert finding.verdict is Verdict.OK  # most people need none of them
    assert "camera/uvc" in finding.found
    assert "arm/ur" not in finding.found
    assert "pip install opencv-python-headless==" in finding.way_out


def test_a_broken_plugin_is_listed_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specs, "registry", lambda: Registry({}, {"lamp": "ImportError: no lamp"}))
    first, second = drivers.look()
    assert first.verdict is Verdict.OK
    assert (second.thing, second.verdict) == ("plug-in lamp", Verdict.LIMITED)
    assert "no lamp" in second.sentence()
