"""From settings to the policy that they describe."""

from __future__ import annotations

from app.learning.config import DiffusionConfig, FlowConfig, PolicyConfig, RdpConfig
from app.learning.layout import ONE_ARM, Layout
from app.learning.policies.chunk import ChunkPolicy
from app.learning.policies.diffusion.policy import DiffusionPolicy
from app.learning.policies.flow.policy import FlowPolicy
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.policies.streaming.policy import StreamingPolicy

Policy = RdpPolicy | ChunkPolicy


def build_policy(config: PolicyConfig, field_size: int, layout: Layout = ONE_ARM) -> Policy:
    """Return an untrained policy.

    Args:
        field_size: Numbers in the flattened marker fields of all fingers.
        layout: Which arms it drives.

    Raises:
        LearningError: If the settings cannot work.
    """
    if isinstance(config, RdpConfig):
        return RdpPolicy(config, field_size, layout)
    if isinstance(config, DiffusionConfig):
        return DiffusionPolicy(config, field_size, layout)
    if isinstance(config, FlowConfig):
        return FlowPolicy(config, field_size, layout)
    return StreamingPolicy(config, field_size, layout)
