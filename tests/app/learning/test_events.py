"""Event files hold the numbers of the curves: read back record by record, with the checksums of the format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c

from app.core.errors import LearningError, UsageError
from app.learning.comparing import ComparedChunk, Comparison, write_comparison
from app.learning.events import write_runs

LINES = """stage,step,loss,val_loss,lr,seconds
tokenizer,10,0.5,nan,0.001,1.5
tokenizer,20,0.25,0.75,0.001,3.0
planner,10,0.125,nan,0.002,2.0
planner,20,much,nan,0.002,3.0
planner,30,0.0625,0.5,0.003,4.0
planner,40,0.03"""


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    run = tmp_path / "runs" / "first"
    run.mkdir(parents=True)
    (run / "losses.csv").write_text(LINES)
    (run / "config.json").write_text('{"schema_version": 1, "policy": "rdp"}')
    chunk = ComparedChunk(0, ((0.0, 1.0),), ((0.5, 1.0),))
    write_comparison(
        run, Comparison("planner", 30, "uuid", True, ("x", "over"), 20_000_000, (0.5, None), (chunk,))
    )
    return run


def events_of(folder: Path) -> Iterator[Event]:
    """Yield the events of the one file in a folder; a record is length, checksum, data, checksum (TFRecord)."""
    (path,) = folder.iterdir()
    data = path.read_bytes()
    while data:
        (length,) = struct.unpack_from("<Q", data)
        head, body = data[:8], data[12 : 12 + length]
        assert struct.unpack_from("<I", data, 8)[0] == masked_crc32c(head)
        assert struct.unpack_from("<I", data, 12 + length)[0] == masked_crc32c(body)
        yield Event.FromString(body)
        data = data[16 + length :]


def test_the_numbers_are_those_of_the_curves(trained: Path, tmp_path: Path) -> None:
    (told,) = write_runs([trained], tmp_path / "out").values()
    events = list(events_of(tmp_path / "out" / "first"))
    found = {
        (value.tag, event.step): (value.simple_value, event.wall_time)
        for event in events
        for value in event.summary.value
        if value.HasField("simple_value")
    }
    assert {key: value for key, (value, _) in found.items() if key[0].startswith(("loss", "val"))} == {
        ("loss/tokenizer", 10): 0.5,
        ("loss/tokenizer", 20): 0.25,
        ("validation_loss/tokenizer", 20): 0.75,
        ("loss/planner", 10): 0.125,
        ("loss/planner", 30): 0.0625,
        ("validation_loss/planner", 30): 0.5,
    }
    assert found["learning_rate/planner", 30][0] == pytest.approx(0.003)
    assert found["action_error_planner/x", 30][0] == 0.5
    assert ("action_error_planner/over", 30) not in found, "it never varied: it has no error"
    assert told["values"] == len(found)
    walls = [found["loss/tokenizer", 10][1], found["loss/planner", 10][1], found["loss/planner", 30][1]]
    assert [wall - walls[0] for wall in walls] == pytest.approx([0.0, 3.5, 5.5], abs=1e-3)
    assert walls[-1] == pytest.approx((trained / "losses.csv").stat().st_mtime, abs=1e-3)
    (settings,) = (value for event in events for value in event.summary.value if "settings" in value.tag)
    assert b'"policy": "rdp"' in settings.tensor.string_val[0]


def test_what_is_there_stays_and_what_is_no_run_is_named(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_runs([trained], out)
    before = [path.read_bytes() for path in (out / "first").iterdir()]
    with pytest.raises(UsageError, match="exists already"):
        write_runs([trained], out)
    assert [path.read_bytes() for path in (out / "first").iterdir()] == before
    with pytest.raises(LearningError, match=r"no losses\.csv"):
        write_runs([tmp_path], tmp_path / "other")
    assert not (tmp_path / "other").exists()
    with pytest.raises(UsageError, match="named first too"):
        write_runs([trained, trained], tmp_path / "other")
