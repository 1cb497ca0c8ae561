"""What every registered driver must keep, whatever hardware is behind it. Runs each against its double."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import simplejpeg

from app.core.errors import RigError
from app.core.wire.codec import decode_depth
from app.core.wire.messages import StreamSpec
from devices.interface import Notice, Sample
from devices.parts.specs import load, make_part, registry
from tests.contracts.ownership import FORBIDDEN
from tests.contracts.sources import ROOT
from tests.devices.contract.doubles import DOUBLES, HARDWARE_ONLY
from tests.hygiene import wait_until

RUNNABLE = sorted(DOUBLES)


@pytest.fixture(scope="module", params=RUNNABLE)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield (kind, part) of one driver, started on its double."""
    spec = registry().parts[request.param]
    if missing := spec.missing():
        pytest.skip(f"{', '.join(missing)} is not installed (extra {spec.extra!r})")
    with DOUBLES[spec.id](tmp_path_factory.mktemp("double")) as options:
        part = make_part(spec.id, "thing", options)
        try:
            yield spec.kind, part
        finally:
            part.close()
            part.close()


def gather(part: Any, count: int = 3) -> dict[str, list[Sample]]:
    """Collect until every signal has delivered `count` samples."""
    found: dict[str, list[Sample]] = {spec.topic: [] for spec in part.streams()}

    def enough() -> bool:
        for sample in part.collect():
            found[sample.topic].append(sample)
        return all(len(samples) >= count for samples in found.values())

    wait_until(enough, 20.0, "samples of every signal")
    return found


def check(spec: StreamSpec, sample: Sample) -> None:
    if spec.encoding == "jpeg":
        assert isinstance(sample.data, bytes)
        assert simplejpeg.decode_jpeg(sample.data).shape == spec.shape
    elif spec.encoding == "depth16":
        assert isinstance(sample.data, bytes)
        assert decode_depth(sample.data, spec.shape).shape == spec.shape
    else:
        data = np.asarray(sample.data)
        assert data.shape == spec.shape
        assert np.isfinite(data.astype(np.float64)).all()
        assert np.can_cast(data.dtype, spec.dtype, "same_kind")


def test_every_driver_has_a_double_or_a_reason() -> None:
    assert set(registry().parts) == set(DOUBLES) | set(HARDWARE_ONLY)
    assert not set(DOUBLES) & set(HARDWARE_ONLY)


def test_samples_are_what_was_announced(running: Any) -> None:
    _, part = running
    specs = {spec.topic: spec for spec in part.streams()}
    for topic, samples in gather(part).items():
        for sample in samples:
            check(specs[topic], sample)


def test_signals_are_named_after_the_part_and_have_a_rate_and_unit(running: Any) -> None:
    kind, part = running
    for spec in part.streams():
        assert spec.device == ("arm" if kind == "arm" else "thing")
        assert spec.rate_hz > 0
        assert spec.encoding == "jpeg" or spec.unit


def test_stamps_grow_and_are_of_the_monotonic_clock(running: Any) -> None:
    _, part = running
    begun = time.monotonic_ns()
    part.collect()
    for samples in gather(part).values():
        stamps = [sample.t_device_ns for sample in samples]
        assert stamps == sorted(set(stamps))
        assert begun - 2e9 < stamps[0] <= stamps[-1] <= time.monotonic_ns()


def test_latest_is_there_without_waiting(running: Any) -> None:
    _, part = running
    gather(part, 1)
    assert {sample.topic for sample in part.latest()} == {spec.topic for spec in part.streams()}


def test_taring_and_notices_disturb_nothing(running: Any) -> None:
    kind, part = running
    part.tare()
    assert all(isinstance(notice, Notice) and notice.text.endswith(".") for notice in part.notices())
    if kind == "camera":
        assert isinstance(part.cameras(), tuple)
    if kind == "touch":
        assert part.markers_m().shape[1:] == (3,)
        wait_until(
            lambda: part.force_n() is None or part.force_n() >= 0, 10.0, "a fresh force, or none at all"
        )
    if kind == "arm":
        wait_until(lambda: np.isfinite(part.state().pose).all(), 10.0, "a fresh pose")
        state = part.state()
        assert state.pose.shape == (7,)
        assert state.twist.shape == (6,)
        assert abs(np.linalg.norm(state.pose[3:]) - 1.0) < 1e-6
        assert 0.001 <= part.tick_s <= 0.02
    gather(part, 1)


@pytest.mark.parametrize("driver", sorted(registry().parts))
def test_an_unknown_option_is_refused_with_the_valid_ones(driver: str) -> None:
    known = registry().parts[driver]
    fields = list(load(known.options).__struct_fields__)
    with pytest.raises(RigError) as caught:
        make_part(driver, "thing", {"colour": "red"})
    assert set(caught.value.options) == set(fields)


@pytest.mark.process
def test_listing_the_drivers_imports_none_of_their_libraries() -> None:
    code = (
        "import sys; from devices.parts.specs import registry; r = registry();"
        "[spec.missing() for spec in r.parts.values()];"
        "heavy = {m for s in r.parts.values() for m in s.modules} & set(sys.modules);"
        "print(sorted(heavy))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_a_device_process_may_load_what_drivers_load() -> None:
    needed = {name for spec in registry().parts.values() for name in spec.modules}
    assert not needed & FORBIDDEN["device"]


def test_options_of_every_driver_have_a_schema() -> None:
    import msgspec

    for spec in registry().parts.values():
        schema = msgspec.json.schema(load(spec.options))
        assert schema["$defs"]
