"""Changes of a policy for a trial: their words, and what becomes of the observations."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pytest
import simplejpeg
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import LearningError, UsageError
from app.learning import trial
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.runtime.observer import Observation
from app.learning.runtime.tampered import Spoiler, TamperedObserver, grey_like
from app.learning.settings import RuntimeConfig
from app.learning.trial import INPUTS, KINDS, Tamper, Trial

TICK_NS = 20_000_000


def parsed(*words: str) -> Trial:
    parser = argparse.ArgumentParser()
    trial.add_arguments(parser)
    return trial.read(parser.parse_args(list(words)))


@given(
    st.builds(
        Trial,
        st.none() | st.integers(1, 100_000),
        st.none() | st.integers(0, 10_000).map(float),
        st.lists(
            st.tuples(st.sampled_from((*INPUTS, "camera:wrist")), st.sampled_from(KINDS), st.integers(1, 10_000)),
            max_size=3,
        ).map(lambda found: tuple(Tamper(a, b, float(c) if b in ("freeze", "delay") else 0.0) for a, b, c in found)),
    )
)  # fmt: skip
def test_words_are_understood_as_they_were_meant(changes: Trial) -> None:
    assert parsed(*changes.words()) == changes


@pytest.mark.parametrize(
    "word", ["touch", "nose=zero", "touch=melt", "touch=zero:5", "touch=delay:0", "touch=delay:x"]
)
def test_wrong_words_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parsed("--tamper", word)


def test_nothing_is_changed_unless_asked() -> None:
    assert not parsed().changes
    config = RuntimeConfig()
    assert Trial().runtime(config) == config
    changed = parsed("--plan-every", "7", "--plan-delay", "33").runtime(config)
    assert (changed.plan_every, changed.plan_delay_ns) == (7, 33_000_000)
    assert changed.max_step_m == config.max_step_m


@dataclass
class Fed:
    """Feeds observations whose numbers count up: tick k reads k everywhere."""

    spoiler: Spoiler
    size: int

    def see(self, tick: int, period_ns: int = TICK_NS) -> Observation:
        value = float(tick)
        seen = Observation(
            tick * period_ns,
            torch.full((19,), value),
            torch.full((self.size,), value),
            np.zeros(8),
            np.zeros(4),
            np.zeros(7),
        )
        return self.spoiler.spoil(seen)


def fed(policy: RdpPolicy, word: str) -> Fed:
    return Fed(Spoiler(Tamper.parse(word), policy), policy.touch_size)


def test_zero_reads_as_the_mean_and_leaves_the_rest(policy: RdpPolicy) -> None:
    seen = fed(policy, "wrench=zero").see(5)
    assert (seen.touch[:6] == 0.0).all()
    assert (seen.touch[6:] == 5.0).all()
    assert (seen.motion == 5.0).all()
    assert torch.equal(fed(policy, "motion=zero").see(5).motion, policy.motion.mean)


def test_delay_is_a_time_not_a_count(policy: RdpPolicy) -> None:
    slow, fast = fed(policy, "field=delay:100"), fed(policy, "field=delay:100")
    assert [slow.see(tick).touch[-1].item() for tick in range(9)] == [0, 0, 0, 0, 0, 0, 1, 2, 3]
    assert [fast.see(tick, TICK_NS // 2).touch[-1].item() for tick in range(14)][10:] == [0, 1, 2, 3]
    assert slow.see(9).touch[0].item() == 9.0


def test_freeze_holds_and_takes_anew(policy: RdpPolicy) -> None:
    held = fed(policy, "touch=freeze:60")
    assert [held.see(tick).touch[0].item() for tick in range(7)] == [0, 0, 0, 3, 3, 3, 6]
    held.spoiler.begin()
    assert held.see(2).touch[0].item() == 2.0, "a new episode is felt at its start"


def test_shuffle_shows_moments_that_were_met(policy: RdpPolicy) -> None:
    mixed = fed(policy, "touch=shuffle")
    shown = [mixed.see(tick).touch[0].item() for tick in range(200)]
    assert all(value <= tick for tick, value in enumerate(shown))
    assert len(set(shown)) > 50
    assert shown != sorted(shown)


def test_a_grey_picture_has_the_size_of_the_one_it_replaces() -> None:
    jpeg = simplejpeg.encode_jpeg(np.zeros((24, 40, 3), dtype=np.uint8))
    assert simplejpeg.decode_jpeg(grey_like(jpeg)).shape == (24, 40, 3)
    assert abs(int(simplejpeg.decode_jpeg(grey_like(jpeg)).mean()) - 128) <= 2


def test_a_camera_that_the_policy_does_not_see_is_refused(policy: RdpPolicy) -> None:
    with pytest.raises(LearningError, match="no such input"):
        TamperedObserver(policy, [Tamper.parse("camera:wrist=zero")])
