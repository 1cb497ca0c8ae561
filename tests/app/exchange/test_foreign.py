"""Sets that others wrote, in their own layouts, come in with the right numbers, pictures and times."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import simplejpeg
from mcap.writer import CompressionType, Writer
from numcodecs import blosc

from app.core.errors import EpisodeError
from recorders.exchange.video import VideoWriter
from recorders.files import journal_path
from recorders.library import list_episodes
from recorders.reader import EpisodeFile
from tests.app.exchange.motions import HEIGHT, WIDTH, picture
from tests.app.exchange.running import bring_in
from tests.recorders.takes import make_messages, write_journal

ROWS = 12


def numbers(width: int, episode: int = 0) -> np.ndarray:
    return np.arange(ROWS)[:, None] * 1.5 + np.arange(width) / 10 + 100 * episode


def frames(episode: int = 0) -> np.ndarray:
    return np.stack([picture("scene/color", i + 30 * episode) for i in range(ROWS)])


def check(
    path: Path, rate_hz: float, topics: dict[str, np.ndarray], camera: str = "", episode: int = 0
) -> None:
    """Compare an imported episode with what was written."""
    with EpisodeFile(path) as file:
        assert file.problems() == []
        assert set(file.topics) == {*topics, *([camera] if camera else [])}
        for topic, wanted in topics.items():
            assert np.allclose(file.data(topic), wanted, atol=1e-6), topic
            assert np.allclose(file.times_ns(topic), np.arange(ROWS) / rate_hz * 1e9, atol=1)
        for number in range(ROWS if camera else 0):
            shown = simplejpeg.decode_jpeg(file.picture(camera, number)).astype(int)
            assert np.abs(shown - frames(episode)[number]).mean() < 6


def test_robomimic_of_robosuite(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "demo.hdf5", "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": "Lift"})
        file["mask/train"] = np.array([b"demo_0", b"demo_10"])
        for number in (0, 10):
            demo = data.create_group(f"demo_{number}")
            demo.attrs["num_samples"] = ROWS
            demo.attrs["model_file"] = "<mujoco/>" * 9000
            demo["actions"] = numbers(7, number)
            demo["states"] = numbers(32)
            demo["rewards"] = np.eye(ROWS)[-1] * (number == 0)
            demo["dones"] = np.zeros(ROWS, np.int64)
            demo["obs/robot0_eef_pos"] = numbers(3, number)
            demo["obs/agentview_image"] = frames(number)
            demo["next_obs/robot0_eef_pos"] = numbers(3, number)
    files, refused = bring_in(tmp_path / "demo.hdf5", tmp_path / "out")
    assert refused == []
    for path, number in zip(files, (0, 10), strict=True):
        topics = {"robot/action": numbers(7, number), "robot/robot0_eef_pos": numbers(3, number)}
        check(path, 20.0, topics, "agentview/color", number)
    assert [row.outcome for row in list_episodes(tmp_path / "out")] == ["success", "failure"]


def test_aloha_with_packed_pictures(tmp_path: Path) -> None:
    coded = [simplejpeg.encode_jpeg(each, quality=95) for each in frames()]
    longest = max(map(len, coded))
    with h5py.File(tmp_path / "episode_0.hdf5", "w") as file:
        file.attrs["sim"], file.attrs["compress"] = False, True
        file["action"], file["observations/qpos"], file["observations/qvel"] = (
            numbers(14),
            numbers(14, 1),
            numbers(14, 2),
        )
        padded = [np.frombuffer(each.ljust(longest, b"\0"), np.uint8) for each in coded]
        file["observations/images/cam_high"] = np.stack(padded)
        file["compress_len"] = np.array([[len(each) for each in coded]])
    files, refused = bring_in(tmp_path / "episode_0.hdf5", tmp_path / "out")
    assert refused == []
    topics = {"robot/action": numbers(14), "robot/state": numbers(14, 1), "robot/qvel": numbers(14, 2)}
    check(files[0], 50.0, topics, "cam_high/color")
    with EpisodeFile(files[0]) as file:
        assert file.picture("cam_high/color", 3) == coded[3]  # as it was, not coded again


def test_replay_buffer_packed_with_blosc_in_several_chunks(tmp_path: Path) -> None:
    """As diffusion-policy writes them: chunks over two axes, the last ones padded."""
    data = {"action": numbers(2), "state": numbers(5), "img": frames()}
    for key, values in data.items():
        both = np.concatenate([values, values + 1 if key != "img" else values])
        write_chunks(tmp_path / "set" / "data" / key, both.astype("<f4" if key != "img" else "|u1"), 5)
    write_chunks(tmp_path / "set" / "meta" / "episode_ends", np.array([ROWS, 2 * ROWS]), 2)
    (tmp_path / "set" / ".zgroup").write_text('{"zarr_format": 2}')
    files, refused = bring_in(tmp_path / "set", tmp_path / "out")
    assert refused == []
    check(files[0], 10.0, {"robot/action": numbers(2), "robot/state": numbers(5)}, "img/color")
    faster, _ = bring_in(tmp_path / "set", tmp_path / "faster", "--rate", "40")
    check(faster[0], 40.0, {"robot/action": numbers(2), "robot/state": numbers(5)}, "img/color")
    check(files[1], 10.0, {"robot/action": numbers(2) + 1, "robot/state": numbers(5) + 1}, "img/color")


def write_chunks(folder: Path, values: np.ndarray, height: int) -> None:
    """Write a zarr array by hand, packed with blosc; 2-D ones are cut in two along the second axis too."""
    folder.mkdir(parents=True)
    chunks = (height, *(-(-n // 2) if values.ndim == 2 else n for n in values.shape[1:]))
    counts = [-(-n // c) for n, c in zip(values.shape, chunks, strict=True)]
    padded = np.zeros([n * c for n, c in zip(counts, chunks, strict=True)], values.dtype)
    padded[tuple(slice(0, n) for n in values.shape)] = values
    for place in np.ndindex(*counts):
        block = padded[tuple(slice(i * c, (i + 1) * c) for i, c in zip(place, chunks, strict=True))]
        packed = blosc.compress(np.ascontiguousarray(block), b"lz4", 5, blosc.SHUFFLE)
        (folder / ".".join(map(str, place))).write_bytes(packed)
    about = {"zarr_format": 2, "shape": values.shape, "chunks": chunks, "dtype": values.dtype.str, "order": "C",
             "compressor": {"id": "blosc", "cname": "lz4"}, "fill_value": 0, "filters": None}  # fmt: skip
    (folder / ".zarray").write_text(json.dumps(about))


def test_lerobot_2_1(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for part in ("meta", "data/chunk-000"):
        (root / part).mkdir(parents=True)
    for number in range(2):
        rows = {
            "observation.state": list(numbers(6, number).astype(np.float32)),
            "action": list(numbers(6).astype(np.float32)),
            "timestamp": np.arange(ROWS, dtype=np.float32) / 30, "frame_index": np.arange(ROWS),
            "episode_index": np.full(ROWS, number), "index": np.arange(ROWS) + ROWS * number,
            "task_index": np.full(ROWS, 1 - number),
        }  # fmt: skip
        pyarrow.parquet.write_table(
            pyarrow.table(rows), root / f"data/chunk-000/episode_{number:06d}.parquet"
        )
        video = VideoWriter(
            root / f"videos/chunk-000/observation.images.top/episode_{number:06d}.mp4", 30, HEIGHT, WIDTH
        )
        for frame in frames(number):
            video.add(frame)
        video.close()
    features: dict[str, Any] = {
        name: {"dtype": "float32", "shape": [6], "names": list("abcdef")}
        for name in ("observation.state", "action")
    }
    features |= {
        name: {"dtype": "int64", "shape": [1]}
        for name in ("frame_index", "episode_index", "index", "task_index")
    }
    features["timestamp"] = {"dtype": "float32", "shape": [1]}
    features["observation.images.top"] = {"dtype": "video", "shape": [HEIGHT, WIDTH, 3]}
    info = {
        "codebase_version": "v2.1", "total_episodes": 2, "fps": 30, "features": features, "chunks_size": 1000,
        "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
    }  # fmt: skip
    (root / "meta/info.json").write_text(json.dumps(info))
    lines = [{"episode_index": i, "tasks": [f"task {1 - i}"], "length": ROWS} for i in range(2)]
    (root / "meta/episodes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (root / "meta/tasks.jsonl").write_text(
        "\n".join(json.dumps({"task_index": i, "task": f"task {i}"}) for i in range(2))
    )
    files, refused = bring_in(root, tmp_path / "out")
    assert refused == []
    for number, path in enumerate(files):
        topics = {"robot/state": numbers(6, number), "robot/action": numbers(6)}
        check(path, 30.0, topics, "top/color", number)
        with EpisodeFile(path) as file:
            assert file.attributes["instruction"] == f"task {1 - number}"
            assert file.spec("robot/state").labels == tuple("abcdef")
    info["data_path"] = "../../../etc/{episode_index}passwd"
    (root / "meta/info.json").write_text(json.dumps(info))
    _, refused = bring_in(root, tmp_path / "again")
    assert len(refused) == 2
    assert "leads out of the set" in refused[0]


def cdr(*parts: bytes) -> bytes:
    return b"\0\1\0\0" + b"".join(parts)


def stamped(text: bytes = b"base\0") -> bytes:
    return struct.pack("<iII", 5, 6, len(text)) + text


@pytest.mark.parametrize("compression", [CompressionType.ZSTD, CompressionType.LZ4, CompressionType.NONE])
def test_mcap_of_others_by_a_table(tmp_path: Path, compression: CompressionType) -> None:
    coded = simplejpeg.encode_jpeg(picture("scene/color", 9), quality=95)
    with (tmp_path / "bag.mcap").open("wb") as stream:
        writer = Writer(stream, compression=compression)
        writer.start("ros2", "test")
        pose = writer.register_schema("geometry_msgs/msg/PoseStamped", "ros2msg", b"")
        joints = writer.register_schema("sensor_msgs/msg/JointState", "ros2msg", b"")
        channels = {
            topic: writer.register_channel(topic, *kind)
            for topic, kind in {"/pose": ("cdr", pose), "/joints": ("cdr", joints), "/force": ("json", 0),
                                "/image": ("json", 0)}.items()
        }  # fmt: skip
        for i in range(ROWS):
            text = stamped()
            gap = b"\0" * (-len(text) % 8)
            messages = {
                "/pose": cdr(text, gap, struct.pack("<7d", i, 2, 3, 0.1, 0.2, 0.3, 0.9)),
                "/joints": cdr(
                    text, b"\0" * (-len(text) % 4), struct.pack("<II", 1, 3), b"j1\0\0", struct.pack("<I4x", 1),
                    struct.pack("<d", i), struct.pack("<I", 0), struct.pack("<I", 0),
                ),
                "/force": json.dumps({"wrench": {"force": {"x": i, "y": 2, "z": 3}}}).encode(),
                "/image": json.dumps({"data": base64.b64encode(coded).decode()}).encode(),
            }  # fmt: skip
            for topic, data in messages.items():
                writer.add_message(channels[topic], 1000 + i * 20_000_000, data, 0)
        writer.finish()
    rows = [("/pose", "", "arm/pose", False), ("/joints", "position", "arm/joints", False),
            ("/force", "wrench.force", "finger/force", False), ("/image", "data", "scene/color", True)]  # fmt: skip
    table = "\n".join(
        f'[[stream]]\ntopic = "{topic}"\nfield = "{field}"\nas = "{name}"\npicture = {str(is_picture).lower()}'
        for topic, field, name, is_picture in rows
    )
    (tmp_path / "table.toml").write_text(table)
    files, refused = bring_in(
        tmp_path / "bag.mcap", tmp_path / "out", "--topics", str(tmp_path / "table.toml")
    )
    assert refused == []
    with EpisodeFile(files[0]) as file:
        assert np.array_equal(file.data("arm/pose")[4], [4, 2, 3, 0.9, 0.1, 0.2, 0.3])  # quaternion w first
        assert np.array_equal(file.data("arm/joints")[:, 0], np.arange(ROWS))
        assert np.array_equal(file.data("finger/force")[5], [5, 2, 3])
        assert file.picture("scene/color", 3) == coded
        assert np.array_equal(file.times_ns("scene/color"), 1000 + np.arange(ROWS) * 20_000_000)
        assert file.spec("arm/pose").rate_hz == 50.0
    _, refused = bring_in(tmp_path / "bag.mcap", tmp_path / "without")
    assert "--topics" in refused[0]
    (tmp_path / "table.toml").write_text(table.replace("wrench.force", "wrench.torque"))
    _, refused = bring_in(tmp_path / "bag.mcap", tmp_path / "wrong", "--topics", str(tmp_path / "table.toml"))
    assert "nothing at 'wrench.torque'" in refused[0]


def test_journal_of_ours_is_committed_from_a_copy(tmp_path: Path) -> None:
    journal, _ = write_journal(tmp_path / "field", make_messages(20), outcome=None, operator="Ada")
    before = journal.read_bytes()
    files, refused = bring_in(journal, tmp_path / "out")
    assert refused == []
    assert journal.read_bytes() == before
    (row,) = list_episodes(tmp_path / "out")
    assert (row.uuid, row.recovered, row.operator) == (journal.stem, True, "Ada")
    assert not journal_path(tmp_path / "out", journal.stem).exists()
    assert files == [Path(row.path)]


def test_what_is_of_no_format_is_said(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("words")
    (tmp_path / "empty").mkdir()
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.zeros(3)
    for name, reason in (("words.txt", "no HDF5"), ("empty", "cannot be told"), ("other.h5", "neither")):
        with pytest.raises(EpisodeError, match=reason):
            bring_in(tmp_path / name, tmp_path / f"out-{name}")
