"""What the system lacks is found by loading it."""

from __future__ import annotations

import sys

import pytest

from app.setup import libraries
from app.setup.libraries import SystemNeed

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux needs system packages"
)


def test_loads() -> None:
    assert libraries.loads("libc.so.6")
    assert not libraries.loads("libnothing-of-this-name.so.9")


def test_missing_names_only_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    there, gone = SystemNeed("libc.so.6", "libc6", "all"), SystemNeed("libgone.so.1", "libgone1", "a test")
    program = SystemNeed("no-such-program", "gone", "a test")
    monkeypatch.setattr(libraries, "LIBRARIES", (there, gone))
    monkeypatch.setattr(libraries, "TEST_PROGRAMS", (program,))
    assert libraries.missing(dev=False) == [gone]
    assert libraries.missing(dev=True) == [gone, program]


def test_this_machine_has_what_setup_installed() -> None:
    assert libraries.missing(dev=False) == []
