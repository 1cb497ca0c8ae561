"""Draws a policy's actions over one episode at even shares of a stage and writes them beside the recorded ones."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from app.learning.chance import generator_for
from app.learning.comparing import ComparedChunk, Comparison, write_comparison
from app.learning.config import RunConfig
from app.learning.data.targets import action_names
from app.learning.policies.observing import ObservingPolicy
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.training.loop import Judge
from app.learning.training.stages import Prepared

COMPARISONS = 10  # per stage
MOST_CHUNKS = 64
DIGITS = 7


class Comparer:
    """A judge that compares before it asks the next one. Random numbers of the training are not touched.

    Args:
        policy: As it is trained.
        prepared: Windows to compare on: the held-out ones if there are any.
        next_judge: Who decides.
    """

    def __init__(
        self, run: Path, config: RunConfig, stage: str, steps: int, policy: ObservingPolicy, prepared: Prepared,
        next_judge: Judge,
    ) -> None:  # fmt: skip
        self._run, self._config, self._stage, self._steps = run, config, stage, steps
        self._policy, self._prepared, self._next = policy, prepared, next_judge
        self._which = chunks_end_to_end(prepared)
        self._made = 0

    def validated(self, step: int, loss: float) -> bool:
        """Compare if a share of the stage is done, and hand the loss on."""
        due = step * COMPARISONS // self._steps
        if due > self._made and len(self._which):
            self._made = due
            write_comparison(self._run, self._compare(step))
        return self._next.validated(step, loss)

    @torch.no_grad()
    def _compare(self, step: int) -> Comparison:
        policy, windows = self._policy, self._prepared.windows
        recorded = policy.action.inverse(self._prepared.chunks(self._which)[0])
        predicted = self._predict()
        ticks = windows.starts[self._which]
        first, last = windows.series.first[ticks], windows.series.last[ticks]
        inside = ticks[:, None] + torch.arange(recorded.shape[1]) <= last[:, None]
        chunks = [
            ComparedChunk(int(tick - begin), as_rows(was[mask]), as_rows(drawn[mask]))
            for tick, begin, was, drawn, mask in zip(ticks, first, recorded, predicted, inside, strict=True)
        ]
        source = self._config.episodes[int(windows.series.episode[ticks[0]])]
        errors = ((predicted - recorded)[inside].square().mean(dim=0).sqrt() / policy.action.scale).tolist()
        varies = (policy.action.varies > 0.0).tolist()
        told = (round(error, 4) if known else None for error, known in zip(errors, varies, strict=True))
        return Comparison(
            self._stage, step, source.uuid, source.validation, action_names(policy.action_frame, policy.layout),
            policy.grid.period_ns, tuple(told), tuple(chunks),
        )  # fmt: skip

    def _predict(self) -> Tensor:
        """Return actions (chunks, ticks, dimensions) per tick of the grid, in own units."""
        policy, prepared = self._policy, self._prepared
        chunk, felt = prepared.chunks(self._which)
        if self._stage == "tokenizer":
            assert isinstance(policy, RdpPolicy), "the only policy with a tokenizer"
            plan = policy.tokenizer.encoder(chunk)[0]
        else:
            conditions = prepared.seen(policy, self._which, prepared.conditions(policy, self._which))
            generator = generator_for(self._config.seed, "validation")
            plan = policy.plan(conditions, torch.cat([policy.draw(generator) for _ in self._which]))
        finely = policy.decode(plan, felt)[0]
        return finely.unflatten(1, (chunk.shape[1], -1)).mean(dim=2)


def chunks_end_to_end(prepared: Prepared) -> Tensor:
    """Return the numbers of the windows that cover the first episode once, at most `MOST_CHUNKS`."""
    windows = prepared.windows
    if len(windows) == 0:
        return torch.zeros(0, dtype=torch.int64)
    starts, series = windows.starts, windows.series
    mine = series.episode[starts] == series.episode[starts[0]]
    on_edge = (starts - series.first[starts]) % windows.grid.chunk == 0
    return (mine & on_edge).nonzero()[:MOST_CHUNKS, 0]


def as_rows(actions: Tensor) -> tuple[tuple[float, ...], ...]:
    """Return actions (T, D) as plain numbers."""
    return tuple(tuple(round(value, DIGITS) for value in row) for row in actions.tolist())
