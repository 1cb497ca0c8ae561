"""Settings of `streaming`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from app.learning.settings import ChunkConfig


class StreamingConfig(ChunkConfig, frozen=True, forbid_unknown_fields=True):
    """A buffer of `grid.chunk` ticks in chunks of `act`, each a step noisier than the one before it."""

    act: Annotated[int, Meta(description="Ticks that come out per call; equal to runtime.plan_every.")] = 12
    levels: Annotated[int, Meta(description="Noise levels; a multiple of the number of chunks.")] = 20
    chunkwise: Annotated[
        float, Meta(description="Share of training windows whose chunks have the levels of a running buffer.")
    ] = 0.8
    primer: Annotated[
        Literal["zero", "denoise"],
        Meta(description="First buffer: noise about the mean action, or a chunk that is denoised in full."),
    ] = "denoise"

    @property
    def chunks(self) -> int:
        """Chunks in the buffer."""
        return self.grid.chunk // self.act

    @property
    def evaluations(self) -> int:
        """Evaluations of the network per call."""
        return self.levels // self.chunks

    def problem(self) -> str:
        """Return why these settings cannot work; empty if they can.

        One chunk makes it an ordinary diffusion without any gain; level counts that are no multiple of the number
        of chunks let the levels drift from the trained ones. Neither shows in the training loss.
        """
        if self.action_frame.startswith("relative"):
            return (
                f"action_frame ({self.action_frame}) does not go with streaming: its buffer lives from plan to plan, "
                "and what is in it would be relative to an older observation; increment or absolute do"
            )
        if self.act < 1 or self.grid.chunk % self.act:
            return f"grid.chunk ({self.grid.chunk} ticks) is no multiple of act ({self.act})"
        if self.chunks < 2:
            return f"the buffer of {self.grid.chunk} ticks is one chunk of act = {self.act}; it needs two or more"
        if self.levels < 1 or self.levels % self.chunks:
            return f"levels ({self.levels}) is no multiple of the {self.chunks} chunks of the buffer"
        if self.runtime.plan_every != self.act:
            return f"runtime.plan_every ({self.runtime.plan_every}) is not act ({self.act})"
        return ""
