"""The role `read` over its real socket, in its real process: answers, and one error per bad file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
import zmq

from app.core.errors import WireError
from app.core.link.hub import Hub
from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION, Command, Reply
from app.core.wire.sockets import connect
from app.review.arrays import unpack
from recorders.reader import EpisodeFile
from tests.recorders.fake_device import PERIOD_NS, make_jpeg
from tests.recorders.takes import make_episode

pytestmark = pytest.mark.process


class Asker:
    """A client of the reader process."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self.socket = socket
        self._number = 0

    def reply(self, name: str, **arguments: Any) -> Reply:
        self._number += 1
        self.socket.send(encode(Command(SCHEMA_VERSION, self._number, name, arguments)))
        assert self.socket.poll(20_000)
        reply = decode(Reply, self.socket.recv())
        assert reply.id == self._number
        return reply

    def ask(self, name: str, **arguments: Any) -> Any:
        reply = self.reply(name, **arguments)
        assert reply.ok, reply.error
        return reply.result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_episode(folder, 100, operator="script", score=0.5)
    return folder


@pytest.fixture(scope="module")
def asker(folder: Path) -> Iterator[Asker]:
    context: zmq.Context[zmq.Socket[bytes]]
    with zmq.Context() as context, Hub() as hub:
        reader = hub.start("read", "--data", str(folder))
        with connect(context, zmq.DEALER, hub.wait_ready(reader)["endpoint"]) as socket:
            yield Asker(socket)
        hub.stop(reader)
        assert reader.process.returncode == 0


@pytest.fixture
def uuid(folder: Path) -> str:
    return next((folder / "episodes").iterdir()).stem


def test_list_and_describe(asker: Asker, uuid: str) -> None:
    (row,) = asker.ask("list")
    assert (row["uuid"], row["operator"], row["score"], row["outcome"]) == (uuid, "script", 0.5, "success")
    assert row["span_ns"] == [PERIOD_NS, 100 * PERIOD_NS]
    about = asker.ask("describe", episode=uuid)
    assert about["streams"]["finger/wrench"]["unit"] == "N, N·m"
    assert about["attributes"]["rig"]["rig"] == "fake/bench"


def test_series_keeps_every_peak(asker: Asker, folder: Path, uuid: str) -> None:
    with EpisodeFile(folder / "episodes" / f"{uuid}.h5") as episode:
        wrench, times = episode.data("finger/wrench"), episode.times_ns("finger/wrench")
    answer = asker.ask("series", episode=uuid, topic="finger/wrench", columns=[2, 0], points=40)
    t, low, high = (unpack(answer[name]) for name in ("t", "min", "max"))
    assert len(t) <= 40
    assert low.shape == high.shape == (len(t), 2)
    np.testing.assert_array_equal(low.min(axis=0), wrench[:, [2, 0]].min(axis=0))
    np.testing.assert_array_equal(high.max(axis=0), wrench[:, [2, 0]].max(axis=0))
    assert t[0] == times[0]
    assert np.all(np.diff(t) > 0)
    part = asker.ask(
        "series", episode=uuid, topic="finger/wrench", points=1000, start_ns=10**9, end_ns=int(1.1e9)
    )
    chosen = (times >= 10**9) & (times <= 1.1e9)
    np.testing.assert_array_equal(unpack(part["t"]), times[chosen])
    np.testing.assert_array_equal(unpack(part["max"]), wrench[chosen])


def test_frame_field_thumbnail_and_paths(asker: Asker, uuid: str) -> None:
    frame = asker.ask("frame", episode=uuid, topic="scene/color", t_ns=50 * PERIOD_NS + 1)
    assert (frame["t_ns"], frame["jpeg"]) == (50 * PERIOD_NS, make_jpeg(frame["index"]))
    early = asker.ask("frame", episode=uuid, topic="scene/color", t_ns=-1)
    assert early["index"] == 0
    field = asker.ask("field", episode=uuid, t_ns=50 * PERIOD_NS)
    assert unpack(field["data"]).shape == (63, 3)
    assert unpack(field["data"])[0, 0] == 49
    assert simplejpeg.decode_jpeg(asker.ask("thumbnail", episode=uuid)["jpeg"]).shape == (24, 32, 3)
    paths = asker.ask("paths", episode=uuid, points=50)
    assert unpack(paths["applied"]).shape == (50, 3)
    assert unpack(paths["t_ns"])[-1] == 100 * PERIOD_NS
    assert "measured" not in paths


def test_touch_is_the_mean_over_the_markers(asker: Asker, folder: Path, uuid: str) -> None:
    with EpisodeFile(folder / "episodes" / f"{uuid}.h5") as episode:
        field, times = episode.data("finger/field"), episode.times_ns("finger/field")
    answer = asker.ask("touch", episode=uuid, points=1000)
    np.testing.assert_array_equal(unpack(answer["t"]), times)
    lengths = np.linalg.norm(field, axis=2).mean(axis=1)
    np.testing.assert_allclose(unpack(answer["max"])[:, 0], lengths, rtol=1e-5)
    assert np.all(unpack(answer["max"])[:, 1] < unpack(answer["max"])[:, 0])


def test_labels_change_undo_redo(asker: Asker, uuid: str) -> None:
    assert asker.ask("labels", episode=uuid)["can_undo"] is False
    changed = asker.ask("change", episode=uuid, change={"outcome": "failure", "phases": [[5, "contact"]]})
    assert (changed["labels"]["outcome"], changed["labels"]["phases"]) == ("failure", [[5, "contact"]])
    assert asker.ask("list")[0]["outcome"] == "failure"
    assert asker.ask("undo", episode=uuid)["labels"]["outcome"] is None
    assert asker.ask("redo", episode=uuid)["labels"]["outcome"] == "failure"
    assert asker.ask("undo", episode=uuid)["can_redo"] is True


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("sing", {}, "Valid: change, change_many"), ("frame", {"episode": "x"}, "missing 2 required"),
        ("frame", {"episode": "../../etc", "topic": "a", "t_ns": 0}, "no name of an episode"),
        ("series", {"episode": "?", "topic": "arm/nothing"}, "no stream 'arm/nothing'"),
        ("series", {"episode": "?", "topic": "arm/joints", "columns": [99]}, "out of bounds"),
        ("series", {"episode": "?", "topic": "scene/color"}, "holds pictures"),
        ("frame", {"episode": "?", "topic": "arm/joints", "t_ns": 0}, "Valid: scene/color"),
        ("frame", {"episode": "?", "topic": "scene/color", "t_ns": "now"}, "cannot be answered as asked"),
        ("change", {"episode": "?", "change": {"outcome": 3}}, "this cannot be"),
        ("list", {"data": "/nowhere/at/all"}, "no such folder"), ("list", {"data": 3}, "cannot be answered"),
        ("labels", {"episode": "x" * 3000}, "no name of an episode"),
    ],
)  # fmt: skip
def test_wrong_questions_get_an_explained_error(
    asker: Asker, uuid: str, name: str, arguments: dict[str, Any], words: str
) -> None:
    if arguments.get("episode") == "?":
        arguments = {**arguments, "episode": uuid}
    reply = asker.reply(name, **arguments)
    assert not reply.ok
    assert words in reply.error
    assert "Traceback" not in reply.error


def test_one_reader_serves_other_folders_and_survives_bad_files(asker: Asker, tmp_path: Path) -> None:
    good, bad = make_episode(tmp_path, 30), make_episode(tmp_path, 30)
    (tmp_path / "episodes" / "noise.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\xff" * 4000)
    content = bad.read_bytes()
    data = str(tmp_path)
    assert asker.ask("frame", data=data, episode=bad.stem, topic="scene/color", t_ns=0)["index"] == 0
    for size in (10, 1000, len(content) // 2):  # it changes under the reader's hands
        bad.write_bytes(content[:size])
        for name, more in (("thumbnail", {}), ("series", {"topic": "arm/joints"}), ("field", {"t_ns": 0})):
            reply = asker.reply(name, data=data, episode=bad.stem, **more)
            assert not reply.ok
            assert str(bad) in reply.error
    rows = {row["uuid"]: row.get("broken", "") for row in asker.ask("list", data=data)}
    assert not rows[good.stem]
    assert str(bad) in rows[bad.stem]
    assert rows["noise"]
    assert asker.ask("frame", data=data, episode=good.stem, topic="scene/color", t_ns=0)["index"] == 0


def test_noise_on_the_socket_is_ignored(asker: Asker) -> None:
    for noise in (b"", b"\xc1\xff", b"x" * 10_000, encode(Reply(SCHEMA_VERSION, 1, True))):
        asker.socket.send_multipart([noise, noise])
    assert len(asker.ask("list")) == 1


def test_packed_arrays_that_do_not_agree_are_refused() -> None:
    for packed in (
        {"dtype": "O", "shape": [1], "data": b"12345678"},
        {"dtype": "<f8", "shape": [2], "data": b"12345678"},
        {"shape": [2]},
    ):
        with pytest.raises(WireError):
            unpack(packed)
