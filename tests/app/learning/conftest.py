"""One small trained policy for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.dataset import join
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.run import TrainingRun
from tests.app.learning.contact import arrays_of, run_config
from tests.shared import once

STEPS = 2400


@pytest.fixture(scope="session")
def episodes() -> list[EpisodeArrays]:
    return arrays_of(range(12))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, episodes: list[EpisodeArrays]) -> Path:
    """Return the folder of a finished run."""

    def make(folder: Path) -> None:
        link = ChildLink("train")
        run = TrainingRun(folder, run_config(episodes, STEPS), join(episodes), link)
        assert run.run()
        link.close()

    return once(tmp_path_factory, "trained", make)


@pytest.fixture
def policy(trained: Path) -> RdpPolicy:
    loaded = checkpoint.load_policy(trained, checkpoint.read_config(trained))
    assert isinstance(loaded, RdpPolicy)
    return loaded
