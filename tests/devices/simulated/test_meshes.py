"""The decimated meshes: light, cached once, safe against a race, and a clear word where Open3D is missing."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DeviceError
from devices.simulated.meshes import cache_folder, light_meshes, panda_assets


@pytest.fixture
def files() -> list[Path]:
    folder = panda_assets() / "franka_emika_panda" / "meshes"
    return [folder / "link6_1.obj", folder / "link0_4.obj"]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path / "touchstone"


def test_meshes_get_lighter_and_keep_their_size(files: list[Path], empty_cache: Path) -> None:
    meshes = light_meshes(files)
    text = (files[1]).read_text()
    faces_before = sum(line.startswith("f ") for line in text.splitlines())
    corners = np.array([line.split()[1:4] for line in text.splitlines() if line.startswith("v ")], float)
    vertices, faces = meshes["link0_4.obj"]
    assert len(faces) < 0.2 * faces_before
    assert faces.max() < len(vertices)
    assert np.allclose(np.ptp(vertices, axis=0), np.ptp(corners, axis=0), rtol=0.03)


def test_the_second_time_comes_from_the_cache_without_open3d(
    files: list[Path], empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = light_meshes(files)
    assert [path.suffix for path in empty_cache.iterdir()] == [".npz"]
    monkeypatch.setitem(sys.modules, "open3d", None)
    second = light_meshes(files)
    for name, (vertices, faces) in first.items():
        assert np.array_equal(vertices, second[name][0])
        assert np.array_equal(faces, second[name][1])


def test_two_at_once_leave_one_whole_cache(files: list[Path], empty_cache: Path) -> None:
    results: list[dict[str, tuple[np.ndarray, np.ndarray]]] = []
    threads = [threading.Thread(target=lambda: results.append(light_meshes(files))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert [path.suffix for path in empty_cache.iterdir()] == [".npz"]
    assert np.array_equal(results[0]["link6_1.obj"][0], results[1]["link6_1.obj"][0])


def test_without_open3d_the_package_is_named(
    files: list[Path], empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(DeviceError, match=r"Open3D.*pip install open3d-cpu"):
        light_meshes(files)


def test_without_gym_hil_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DeviceError, match="pip install --no-deps gym-hil"):
        panda_assets()


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "touchstone"
