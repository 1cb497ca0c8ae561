"""Settings of `flow`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app.learning.settings import ChunkConfig


class FlowConfig(ChunkConfig, frozen=True, forbid_unknown_fields=True):
    """Flow matching over chunks of actions."""

    sample_steps: Annotated[int, Meta(description="Euler steps, each one evaluation of the network.")] = 5

    def problem(self) -> str:
        """Return why these settings cannot work; empty if they can."""
        return ""
