"""From a recorded episode of two arms to its replay: both motions at their own times, sent to the arm they are of."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from app.core.drive.controller import Start
from app.core.errors import EpisodeError
from app.core.ids import new_uuid
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader
from app.session.trajectory import replay_rows
from app.teleop.replay import ReplayController, load_trajectory, save_trajectory
from recorders.commit import commit
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord, TakeRecord
from tests.app.learning.contact import server_info, write_episode
from tests.app.learning.test_both_arms import rig

PERIOD_NS, SAMPLES = 20_000_000, 60
SPEEDS = {"arm": 0.01, "arm2": -0.02}


def record(folder: Path, late_ns: int) -> Path:
    """Write an episode of two arms that move evenly along y; the samples of the second come `late_ns` later."""
    uuid = new_uuid()
    info = rig()
    applied = tuple(spec for spec in info.streams if spec.signal == "applied")
    take = TakeRecord(
        TAKE_SCHEMA_VERSION, uuid, "2026-01-01T00:00:00+00:00", {"task": "lift"},
        msgspec.structs.replace(info, streams=applied), "0",
    )  # fmt: skip
    writer = JournalWriter(journal_path(folder, uuid), take)
    for sample in range(SAMPLES):
        for arm, speed in SPEEDS.items():
            t_ns = 10**9 + sample * PERIOD_NS + late_ns * (arm == "arm2")
            row = np.array([0.5, speed * t_ns * 1e-9, 0.2, 0.0, 2.0, 0.0, 0.0, 0.03])
            header = SampleHeader(
                SCHEMA_VERSION, arm, "applied", sample, 1, (t_ns,), (t_ns,), "raw", "<f8", row.shape
            )
            writer.append(f"{arm}/applied", header, row.tobytes(), t_ns)
    writer.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", 0, 3 * 10**9, {}))
    kept = commit(folder, journal_path(folder, uuid))
    assert kept is not None
    return kept.path


def test_the_motion_of_each_arm_is_told_at_the_times_of_the_first(tmp_path: Path) -> None:
    lead_s = 0.02
    rows = replay_rows(record(tmp_path, late_ns=4_000_000), lead_s)
    assert rows.shape[1] == 17
    inner = rows[5:-5]
    for arm, y in (("arm", 2), ("arm2", 10)):
        assert inner[:, y] == pytest.approx(SPEEDS[arm] * (1.0 + inner[:, 0] + lead_s), abs=1e-12)
        assert np.linalg.norm(inner[:, y + 2 : y + 6], axis=1) == pytest.approx(1.0)


def test_one_arm_is_replayed_as_before(tmp_path: Path) -> None:
    rows = replay_rows(write_episode(tmp_path, 0), 0.02)
    assert rows.shape[1] == 9
    save_trajectory(tmp_path / "one.npy", rows)
    controller = ReplayController()
    controller.begin(Start(5, 0, server_info(), {"trajectory": str(tmp_path / "one.npy")}))
    action = controller.act(5 + 10 * PERIOD_NS)
    assert action.pose == pytest.approx(rows[10, 1:8])
    assert action.others == ()


def test_a_replay_sends_each_arm_its_own_motion_and_refuses_a_rig_with_fewer(tmp_path: Path) -> None:
    rows = replay_rows(record(tmp_path, late_ns=0), 0.0)
    save_trajectory(tmp_path / "both.npy", rows)
    start = Start(0, 0, rig(), {"trajectory": str(tmp_path / "both.npy")})
    controller = ReplayController()
    controller.begin(start)
    action = controller.act(10 * PERIOD_NS)
    assert action.pose == pytest.approx(rows[10, 1:8])
    assert [target.arm for target in action.others] == ["arm2"]
    assert action.others[0].pose == pytest.approx(rows[10, 9:16])
    assert action.others[0].gripper == pytest.approx(0.03)
    assert controller.act(2 * 10**9).done
    with pytest.raises(EpisodeError, match="of 2 arm"):
        controller.begin(Start(0, 0, server_info(), start.meta))


@pytest.mark.parametrize("columns", [8, 10, 16, 1])
def test_a_table_that_is_of_no_whole_arms_is_refused(tmp_path: Path, columns: int) -> None:
    table = np.tile(np.arange(3.0)[:, None], (1, columns))
    save_trajectory(tmp_path / "it.npy", table)
    with pytest.raises(EpisodeError, match="columns per arm"):
        load_trajectory(tmp_path / "it.npy")
