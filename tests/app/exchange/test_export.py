"""What is exported, what is not, and what an export leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet
import pytest

from app.core.errors import EpisodeError, UsageError
from app.core.link.hub import MAIN
from recorders.exchange import staging, zarr_in
from recorders.labels import change_labels
from recorders.library import list_episodes
from tests.app.exchange.motions import START_NS, make_labelled, make_motion, picture
from tests.app.exchange.running import export
from tests.hygiene import wait_until
from tests.roles import role


@pytest.fixture(scope="module")
def demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demonstrations")
    make_labelled(folder, 1.0)
    make_motion(folder, 0.6)
    return folder


def test_robomimic_file_is_as_its_readers_want_it(demonstrations: Path, tmp_path: Path) -> None:
    told = export(demonstrations, "robomimic", tmp_path / "set.hdf5")
    assert told["rate_hz"] == 25.0  # the fastest camera's
    with h5py.File(tmp_path / "set.hdf5") as file:
        assert file["data"].attrs["total"] == told["rows"]
        assert json.loads(file["data"].attrs["env_args"])["env_name"] == "wipe"
        demos = sorted(file["data"])
        assert demos == ["demo_0", "demo_1"]
        assert {name.decode() for key in file["mask"] for name in file["mask"][key]} == set(demos)
        actions = np.concatenate([file["data"][demo]["actions"] for demo in demos])
        assert actions.min() >= -1.0
        assert actions.max() <= 1.0
        assert actions.max() > 0.99
        for demo in demos:
            group = file["data"][demo]
            rows = group.attrs["num_samples"]
            assert {len(group[name]) for name in ("actions", "rewards", "dones")} == {rows}
            assert {len(group["obs"][name]) for name in group["obs"]} == {rows}
            assert list(group["dones"][:]) == [0] * (rows - 1) + [1]
        assert file["data/demo_0/rewards"][-1] == 0.75
        assert file["data/demo_0/obs/scene_image"].dtype == np.uint8


READ_ZARR = """
import json, sys, zarr
root = zarr.open_group(sys.argv[1], mode="r", zarr_format=2)
data = {key: root[f"data/{key}"] for key in root["data"]}
print(json.dumps({
    "ends": root["meta/episode_ends"][:].tolist(), "shapes": {key: each.shape for key, each in data.items()},
    "phase": data["phase"][:].tolist(), "times": data["session_time_ns"][:].tolist(),
    "pixel": data["scene_image"][20][40, 60].tolist(),
}))
"""


def read_zarr(path: Path) -> dict[str, Any]:
    """Read a set by the zarr package, which keeps threads for good: in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READ_ZARR, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.process
def test_zarr_opens_in_the_zarr_package(demonstrations: Path, tmp_path: Path) -> None:
    told = export(demonstrations, "zarr", tmp_path / "set.zarr", "--rate", "40")
    found = read_zarr(tmp_path / "set.zarr")
    assert found["ends"] == [40, 64]  # the touch field's last sample ends each
    assert told["rows"] == 64
    assert {shape[0] for shape in found["shapes"].values()} == {64}
    assert found["shapes"]["scene_image"] == [64, 48, 64, 3]
    assert [found["phase"][i] for i in (0, 19, 20, 39)] == [-1, -1, 0, 0]
    assert found["times"][:2] == [START_NS, START_NS + 25_000_000]
    assert np.allclose(found["pixel"], picture("scene/color", 12)[40, 60], atol=2)  # row 20 is at 0.5 s


def test_lerobot_rows_lie_on_its_own_clock_and_keep_ours(demonstrations: Path, tmp_path: Path) -> None:
    export(demonstrations, "lerobot", tmp_path / "set")
    info = json.loads((tmp_path / "set/meta/info.json").read_text())
    assert (info["codebase_version"], info["total_episodes"], info["total_frames"], info["fps"]) == (
        "v3.0",
        2,
        40,
        25,
    )
    file = pyarrow.parquet.ParquetFile(tmp_path / "set/data/chunk-000/file-000.parquet")
    assert file.num_row_groups == 2
    rows = file.read()
    assert set(rows.column_names) == {
        name for name, each in info["features"].items() if each["dtype"] != "video"
    }
    second = rows.filter(np.asarray(rows["episode_index"]) == 1)
    assert np.allclose(second["timestamp"].to_numpy(), np.arange(15) / 25)
    assert np.array_equal(second["session_time_ns"].to_numpy() - START_NS, np.arange(15) * 40_000_000)
    about = pyarrow.parquet.read_table(tmp_path / "set/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [row["videos/observation.images.scene/from_timestamp"] for row in about] == [0.0, 25 / 25]
    assert [row["dataset_to_index"] for row in about] == [25, 40]
    stats = json.loads((tmp_path / "set/meta/stats.json").read_text())
    assert np.allclose(stats["action"]["mean"], np.stack(rows["action"].to_numpy()).mean(axis=0), atol=1e-6)
    assert np.shape(stats["observation.images.scene"]["mean"]) == (3, 1, 1)


def test_failures_and_damaged_takes_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    good = make_motion(tmp_path / "d", 0.4)
    failed = make_motion(tmp_path / "d", 0.4, "failure")
    broken = make_motion(tmp_path / "d", 0.4)
    rotten = tmp_path / "d" / "episodes" / f"{broken}.h5"
    data = bytearray(rotten.read_bytes())
    with h5py.File(rotten) as file:
        at = file["streams/finger/wrench/data"].id.get_chunk_info(0).byte_offset
    data[at + 10] ^= 1
    rotten.write_bytes(bytes(data))
    told = export(tmp_path / "d", "zarr", tmp_path / "one")
    assert told["episodes"] == 1
    assert set(told["left_out"]) == {failed, broken}
    assert "outcome is failure" in told["left_out"][failed]
    assert "finger/wrench" in told["left_out"][broken]
    assert export(tmp_path / "d", "zarr", tmp_path / "two", "--outcome", "success,failure")["episodes"] == 2
    with pytest.raises(EpisodeError, match="outcome is failure"):
        export(tmp_path / "d", "zarr", tmp_path / "three", "--episodes", failed)
    with pytest.raises(EpisodeError, match="is not in"):
        export(tmp_path / "d", "zarr", tmp_path / "three", "--episodes", "nobody")
    with pytest.raises(UsageError, match="no outcome"):
        export(tmp_path / "d", "zarr", tmp_path / "three", "--outcome", "great")
    assert not (tmp_path / "three").exists()
    assert good in {row.uuid for row in list_episodes(tmp_path / "d")}


def test_a_trim_is_followed(tmp_path: Path) -> None:
    uuid = make_motion(tmp_path / "d", 1.0)
    change_labels(
        tmp_path / "d", uuid, {"trim_start_ns": START_NS + 200_000_000, "trim_end_ns": START_NS + 700_000_000}
    )
    export(tmp_path / "d", "zarr", tmp_path / "set", "--rate", "10")
    kept = zarr_in.ZarrSet(tmp_path / "set").episode(0)
    assert kept.t_ns is not None
    times = kept.t_ns
    assert list(times - START_NS) == [200_000_000 + 100_000_000 * i for i in range(6)]


def test_nothing_is_written_over_and_a_full_disk_is_seen_first(
    demonstrations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(EpisodeError, match="of this name already"):
        export(demonstrations, "zarr", tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"
    with pytest.raises(EpisodeError, match="does not exist"):
        export(demonstrations, "zarr", tmp_path / "no" / "set")
    monkeypatch.setattr(staging, "free_bytes", lambda _folder: 201_000_000)
    with pytest.raises(EpisodeError, match="MB are free"):
        export(demonstrations, "zarr", tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_export_leaves_nothing_under_its_name(tmp_path: Path, number: signal.Signals) -> None:
    make_motion(tmp_path / "d", 5.0)
    out = tmp_path / "set"
    words = [
        sys.executable,
        str(MAIN),
        "export",
        str(tmp_path / "d"),
        "--to",
        "aloha",
        "--out",
        str(out),
        "--rate",
        "1000",
    ]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=os.environ)
    try:
        wait_until(lambda: bool(list(tmp_path.glob(".set.*.part/*.hdf5"))), 30.0, "the first file")
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode != 0
    assert b"Traceback" not in said
    assert not out.exists()
    if number is signal.SIGTERM:
        assert b"stopped" in said
        assert not list(tmp_path.glob(".set.*"))
    else:  # what a killed one left is taken away by the next
        make_motion(tmp_path / "small", 0.2)
        export(tmp_path / "small", "aloha", out)
        assert not list(tmp_path.glob(".set.*"))


@pytest.mark.process
def test_roles_from_the_command_line(demonstrations: Path, tmp_path: Path) -> None:
    status, told = role("export", str(demonstrations), "--to", "lerobot", "--out", str(tmp_path / "set"))
    assert (status, told["episodes"], told["path"]) == (0, 2, str(tmp_path / "set"))
    status, told = role("export", str(demonstrations), "--to", "lerobot", "--out", str(tmp_path / "set"))
    assert status == 1
    assert "of this name already" in told["error"]
    status, told = role("import", str(tmp_path / "set"), "--out", str(tmp_path / "back"))
    assert (status, told["episodes"], told["format"], told["refused"]) == (0, 2, "lerobot", [])
    assert len(list_episodes(tmp_path / "back")) == 2
    assert not list((tmp_path / "back").glob(".import-*"))
    status, told = role("import", str(tmp_path / "nowhere"), "--out", str(tmp_path / "back"))
    assert status == 2
