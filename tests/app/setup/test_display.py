"""A display counts only if it answers."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.setup.display import find_display

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems always have a screen"
)


@contextmanager
def listening(address: str) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()
        yield


def test_nothing_set() -> None:
    assert find_display({}) == (False, "neither DISPLAY nor WAYLAND_DISPLAY is set")


def test_x11_that_listens() -> None:
    number = 7000 + os.getpid() % 1000
    with listening(f"\0/tmp/.X11-unix/X{number}"):
        assert find_display({"DISPLAY": f":{number}.0"}) == (True, f"X11 :{number}.0")
    present, words = find_display({"DISPLAY": f":{number}"})
    assert not present
    assert f":{number}" in words
    assert "does not answer" in words


def test_x11_over_the_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1] - 6000
        assert find_display({"DISPLAY": f"127.0.0.1:{number}.0"})[0]
    assert not find_display({"DISPLAY": f"127.0.0.1:{number}.0"})[0]


def test_wayland_that_listens(tmp_path: Path) -> None:
    environment = {"WAYLAND_DISPLAY": "wayland-5", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert not find_display(environment)[0]
    with listening(str(tmp_path / "wayland-5")):
        assert find_display(environment) == (True, "Wayland wayland-5")


def test_malformed_name_is_no_display() -> None:
    assert not find_display({"DISPLAY": "somewhere"})[0]


def test_offscreen_is_what_the_person_asked_for() -> None:
    assert find_display({"QT_QPA_PLATFORM": "offscreen:size=10x10"})[0]
