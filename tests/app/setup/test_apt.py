"""apt is asked for the missing packages only, and every refusal names the command to type."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from app.setup import apt
from app.setup.errors import SetupError
from app.setup.libraries import SystemNeed

NEEDS = [SystemNeed("libb.so.1", "libb1", "windows"), SystemNeed("liba.so.1", "liba1", "pictures")]
COMMAND = "sudo apt-get install --no-install-recommends liba1 libb1"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose apt-get and sudo write down how they are called; returns the file they write to."""
    said = tmp_path / "said"
    programs = {"apt-get": 'echo "apt-get $*"', "sudo": 'echo "sudo $*"'}
    for name, line in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line} >> {said}\ntest ! -e {tmp_path}/fail\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return said


def test_root_installs_at_once(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    apt.install(NEEDS)
    update, install = machine.read_text().splitlines()
    assert update == "apt-get update -qq"
    assert install.endswith("--no-install-recommends liba1 libb1")
    told = capsys.readouterr().out
    assert "liba1" in told
    assert "for pictures (liba.so.1)" in told


def test_person_is_asked_and_agrees(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    apt.install(NEEDS)
    assert [line.split()[0] for line in machine.read_text().splitlines()] == ["sudo", "sudo"]


def test_person_refuses(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    with pytest.raises(SetupError, match=COMMAND):
        apt.install(NEEDS)
    assert not machine.exists()


def test_nobody_at_the_terminal(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(SetupError, match=f"nobody is at the terminal.*{COMMAND}"):
        apt.install(NEEDS)
    assert not machine.exists()


def test_apt_that_fails_is_told(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (machine.parent / "fail").touch()
    with pytest.raises(SetupError, match=f"ended with status 1.*{COMMAND}"):
        apt.install(NEEDS)


def test_no_apt_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"no apt-get.*libb\.so\.1, liba\.so\.1 with your package manager"):
        apt.install(NEEDS)


class Terminal(io.StringIO):
    """Input that claims to be a terminal."""

    def isatty(self) -> bool:
        return True
