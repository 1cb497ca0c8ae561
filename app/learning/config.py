"""Typed settings of a training run. They travel in the checkpoint's `config.json`; used by training and run time."""

from __future__ import annotations

import msgspec

from app.core.errors import LearningError
from app.learning.choosing import DataReport
from app.learning.keeping import KeepConfig, Kept
from app.learning.layout import ONE_ARM, Layout
from app.learning.policies.diffusion.config import DiffusionConfig
from app.learning.policies.flow.config import FlowConfig
from app.learning.policies.rdp.config import PlannerConfig, RdpConfig, TokenizerConfig
from app.learning.policies.streaming.config import StreamingConfig
from app.learning.settings import (
    ActionStream,
    CamerasConfig,
    ChunkConfig,
    GridConfig,
    NetworkConfig,
    OptimiserConfig,
    RuntimeConfig,
    TouchConfig,
)

__all__ = [
    "ActionStream", "Budget", "CamerasConfig", "ChunkConfig", "DiffusionConfig", "EpisodeSource", "FlowConfig",
    "GridConfig", "NetworkConfig", "OptimiserConfig", "PlannerConfig", "PolicyConfig", "RdpConfig", "RunConfig",
    "RuntimeConfig", "StreamingConfig", "TokenizerConfig", "TouchConfig",
]  # fmt: skip

CHECKPOINT_SCHEMA_VERSION = 1
MARKER_VALUES = 3  # a marker displacement is x y z
STAGES = ("tokenizer", "planner")
PolicyConfig = RdpConfig | DiffusionConfig | FlowConfig | StreamingConfig


class EpisodeSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One episode that was trained on: which file, what it held, which part of it, and on which side of the split."""

    uuid: str
    file: str
    sha256: str
    ticks: int
    validation: bool
    start_ns: int
    end_ns: int


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many steps each stage gets: `steps` in all, `tokenizer_share` of them first (0: there is no tokenizer)."""

    steps: int
    tokenizer_share: float = 0.4

    @property
    def tokenizer(self) -> int:
        """Steps of the tokenizer stage."""
        return max(1, round(self.steps * self.tokenizer_share)) if self.tokenizer_share > 0.0 else 0

    @property
    def planner(self) -> int:
        """Steps of the planner stage."""
        return max(1, self.steps - self.tokenizer)


class RunConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`config.json` of a checkpoint: what this is, for which rig and task, from which data.

    Attributes:
        rdp, diffusion, flow, streaming: The settings of the policy that `policy` names; the others are absent.
        finished: Whether all stages ran; a run that was stopped earlier can be resumed but not deployed.
        markers: Number of touch markers that the rig must offer, on all fingers together.
        data: What the person left out of the data, and what became of the episodes that are not learned from.
        keep, kept: Which weights are to be kept, and which were, one entry per stage that has ended.
        parts: Into how many equal parts a batch is drawn, one for each worker that the run was started with.
        features: Names of the observation features, in order, so that a person can read the normaliser.
        streams: Which arms and which estimate of vision; absent for one arm and the stain.
    """

    schema_version: int
    policy: str
    rig: str
    task: str
    markers: int
    rdp: RdpConfig | None
    budget: Budget
    seed: int
    features: tuple[str, ...]
    episodes: tuple[EpisodeSource, ...]
    software: str
    finished: bool = False
    stage: str = "tokenizer"
    step: int = 0
    diffusion: DiffusionConfig | None = None
    flow: FlowConfig | None = None
    streaming: StreamingConfig | None = None
    keep: KeepConfig = KeepConfig()
    kept: tuple[Kept, ...] = ()
    data: DataReport = DataReport()
    parts: int = 1
    streams: Layout | msgspec.UnsetType = msgspec.UNSET

    @property
    def layout(self) -> Layout:
        """Which arms this run's policy drives."""
        return self.streams if isinstance(self.streams, Layout) else ONE_ARM

    @property
    def settings(self) -> PolicyConfig:
        """The settings of this run's policy.

        Raises:
            LearningError: If the file names a policy and holds no settings of it.
        """
        found: PolicyConfig | None = getattr(self, self.policy, None)
        if found is None:
            raise LearningError(
                f"settings of policy {self.policy!r}", "config.json holds none", way_out="Train it again"
            )
        return found

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the training stages, in order."""
        return STAGES if self.policy == "rdp" else STAGES[1:]
