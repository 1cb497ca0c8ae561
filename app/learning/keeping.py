"""Which weights of a run are kept, and when a stage ends early. Free of torch: the window reads it.

Training loss never decides: it falls while the policy learns its episodes by heart.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

Measure = Literal["last", "loss", "rollout"]
MEASURES: tuple[str, ...] = get_args(Measure)
ROLLOUT_SEED = 50_000  # far from the seeds of demonstrations and from those that `deploy` begins with
WHY = {
    "last": "the end of the stage",
    "loss": "lowest loss on held-out episodes",
    "rollout": "highest mean score of rollouts in the simulator",
}


class KeepConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a stage's best weights are, and how long it may go without better ones."""

    best: Annotated[
        Measure,
        Meta(
            description="Weights to keep: the last, those of the lowest validation loss, or of the best rollouts."
        ),
    ] = "last"
    patience: Annotated[
        int,
        Meta(
            description="Measurements without a better one after which a stage ends; 0: it runs to its end."
        ),
    ] = 0
    rollouts: Annotated[int, Meta(description="Rollouts of one measurement.")] = 8
    measurements: Annotated[
        int, Meta(description="How often rollouts measure the policy, spread over the stage.")
    ] = 5
    seed: Annotated[int, Meta(description="Seed of the first rollout; the same ones each time.")] = (
        ROLLOUT_SEED
    )

    def measure_of(self, stage: str, held_out: bool) -> Measure:
        """Return what decides in a stage: a tokenizer cannot act, and without held-out episodes there is no loss."""
        if self.best == "rollout" and stage == "planner":
            return "rollout"
        return "last" if self.best == "last" or not held_out else "loss"


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which weights of a stage were kept.

    Attributes:
        step: After how many steps of the stage.
        of: How many steps of the stage were done in all.
        by: What decided.
        value: Its value (a loss or a mean score); None for the last weights.
        why: The same in words.
    """

    stage: str
    step: int
    of: int
    by: Measure
    value: float | None
    why: str
