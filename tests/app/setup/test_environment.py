"""The virtual environment is made once, stamped when complete, and never at the cost of another folder."""

from __future__ import annotations

import venv
from pathlib import Path

import pytest

from app.setup.environment import Environment
from app.setup.errors import SetupError
from app.setup.pins import Pin, Pins

PINS = Pins(Pin("torch", "1"), (Pin("a", "1"),), (Pin("tool", "1"),), ())
NEWER = Pins(Pin("torch", "2"), (Pin("a", "1"),), (Pin("tool", "1"),), ())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    return Environment(folder)


def test_stamp_holds_for_the_same_pins_only(environment: Environment) -> None:
    assert not environment.is_complete(PINS, dev=False)
    environment.mark_complete(PINS, dev=False)
    assert environment.is_complete(PINS, dev=False)
    assert not environment.is_complete(PINS, dev=True)
    assert not environment.is_complete(NEWER, dev=False)
    environment.mark_complete(PINS, dev=True)
    assert environment.is_complete(PINS, dev=False)
    assert environment.is_complete(PINS, dev=True)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe"])
def test_broken_stamp_counts_as_none(environment: Environment, content: bytes) -> None:
    environment.stamp.write_bytes(content)
    assert not environment.is_complete(PINS, dev=False)


def test_unmet_pins_are_asked_of_the_environment_itself(environment: Environment) -> None:
    assert environment.unmet((Pin("pytest", "1"),)) == ["pytest==1 (has none)"]


def test_working_environment_is_kept(environment: Environment) -> None:
    mark = environment.folder / "mark"
    mark.touch()
    environment.create()
    assert mark.exists()


def test_foreign_folder_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SetupError, match="not a virtual environment"):
        Environment(tmp_path).create()
    assert (tmp_path / "thesis.txt").exists()


def test_full_disk_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.setup.environment.NEEDED_BYTES", 10**18)
    with pytest.raises(SetupError, match="GB are free"):
        Environment(tmp_path / "venv").create()
    assert not (tmp_path / "venv").exists()
