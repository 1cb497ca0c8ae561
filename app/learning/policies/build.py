"""From settings to the policy that they describe."""

from __future__ import annotations

from app.learning.config import DiffusionConfig, FlowConfig, PolicyConfig, RdpConfig
from app.learning.policies.chunk import ChunkPolicy
from app.learning.policies.diffusion.policy import DiffusionPolicy
from app.learning.policies.flow.policy import FlowPolicy
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.policies.streaming.policy import StreamingPolicy

Policy = RdpPolicy | ChunkPolicy


def build_policy(config: PolicyConfig, field_size: int) -> Policy:
    """Return an untrained policy.

    Args:
        field_size: Numbers in a flattened marker field.

    Raises:
        LearningError: If the settings cannot work.
    """
    if isinstance(config, RdpConfig):
        return RdpPolicy(config, field_size)
    if isinstance(config, DiffusionConfig):
        return DiffusionPolicy(config, field_size)
    if isinstance(config, FlowConfig):
        return FlowPolicy(config, field_size)
    return StreamingPolicy(config, field_size)
