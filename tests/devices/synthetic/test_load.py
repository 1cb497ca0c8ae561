"""The synthetic load publishes at the rates that it states, and refuses options that it cannot keep."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from app.core.errors import RigError
from app.core.rig import load_rig
from app.core.wire.codec import decode_depth
from devices.interface import Sample
from devices.options import read_options
from devices.synthetic.device import SyntheticLoad, wrench_at
from devices.synthetic.options import LoadOptions

SMALL = LoadOptions(cameras=2, picture=(64, 48), picture_rate=60.0, depth_rate=15.0, phases=3)


def one_second(device: SyntheticLoad) -> list[Sample]:
    home = device.describe().home
    return [sample for _ in range(250) for sample in device.advance(home, 0.02)]


def test_rates_are_those_that_are_stated() -> None:
    device = SyntheticLoad(SMALL, lockstep=True)
    specs = {spec.topic: spec for spec in device.describe().streams}
    samples = one_second(device)
    counts = Counter(sample.topic for sample in samples)
    assert set(counts) == set(specs)
    for topic, spec in specs.items():
        assert counts[topic] == pytest.approx(spec.rate_hz, abs=1), topic
    times = defaultdict(list)
    for sample in samples:
        times[sample.topic].append(sample.t_device_ns)
    assert set(np.diff(times["finger/wrench"])) == {1_000_000}
    rows = np.stack([sample.data for sample in samples if sample.topic == "finger/wrench"])
    assert rows == pytest.approx(wrench_at(np.array(times["finger/wrench"]) * 1e-9), abs=1e-5)
    depth = next(
        sample.data for sample in samples if sample.topic == "side/depth" or sample.topic == "wrist/depth"
    )
    assert isinstance(depth, bytes)
    assert decode_depth(depth, (48, 64)).max() > 200


def test_a_snapshot_has_one_of_each() -> None:
    device = SyntheticLoad(SMALL, lockstep=True)
    topics = [sample.topic for sample in device.snapshot()]
    assert sorted(topics) == sorted(spec.topic for spec in device.describe().streams)


def test_the_rigs_of_the_bench_can_be_read_and_a_typo_is_named() -> None:
    assert read_options("bench/load", load_rig("bench/load").device.options, LoadOptions).depth_rate == 0
    assert read_options("bench/cloud", load_rig("bench/cloud").device.options, LoadOptions).depth_rate > 0
    with pytest.raises(RigError, match=r"wrench_rate.*picture_rate"):
        read_options("x", {"wrench_rate": 333}, LoadOptions)
    with pytest.raises(RigError, match="camerass"):
        read_options("x", {"camerass": 3}, LoadOptions)
