"""The conditions that a rig offers in the window are those that its device knows, its own choice first."""

from __future__ import annotations

import pytest

from app.core.rig import load_rig, rig_names
from devices.simulated.tasks.interface import CONDITIONS


@pytest.mark.parametrize("name", [name for name in rig_names() if load_rig(name).conditions])
def test_a_rig_offers_what_its_device_knows(name: str) -> None:
    rig = load_rig(name)
    assert rig.device.driver in ("simulated/panda", "simulated/two_pandas")
    assert sorted(rig.conditions) == sorted(CONDITIONS)
    assert rig.conditions[0] == rig.device.options["condition"]


def test_the_tasks_with_conditions_offer_them_and_a_board_to_calibrate_with_does_not() -> None:
    assert load_rig("sim/wipe").conditions
    assert load_rig("sim/peel").conditions
    assert not load_rig("sim/board").conditions
