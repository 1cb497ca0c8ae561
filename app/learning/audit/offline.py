"""How far the actions change when an input is spoiled, over windows of recorded episodes; nothing is driven."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.learning.chance import generator_for
from app.learning.data.dataset import Series, Windows
from app.learning.policies.observing import ObservingPolicy
from app.learning.trial import NS_PER_MS, PICTURES, Tamper

MOST_WINDOWS = 384
AT_ONCE = 64
GREY = 128


@dataclass(frozen=True)
class Seen:
    """What the policy sees of each tick: motion (N, 19) in own units, normalised touch as the planner has it (N, ·) and
    at the ticks of the decoder (N, fast, ·), and the windows of pictures; cameras numbered in `grey` show grey.
    """

    motion: Tensor
    touch: Tensor
    felt: Tensor
    windows: Windows
    grey: tuple[int, ...] = ()


def spoiled_ticks(series: Series, tamper: Tamper, period_ns: int, seed: int = 0) -> Tensor:
    """Return for each tick (N,) the tick of the same episode whose value is seen instead of it."""
    ticks, span = torch.arange(len(series)), max(1, round(tamper.ms * NS_PER_MS / period_ns))
    since = ticks - series.first
    if tamper.kind == "freeze":
        return series.first + since // span * span
    if tamper.kind == "delay":
        return torch.maximum(series.first, ticks - span)
    share = torch.rand(len(series), generator=generator_for(seed, "validation"), dtype=torch.float64)
    return series.first + (share * (series.last - series.first + 1)).long()


class Offline:
    """The actions of one policy over windows of some episodes, with the inputs as recorded or spoiled."""

    def __init__(self, policy: ObservingPolicy, series: Series) -> None:
        self._policy, self._series = policy, series
        cameras, grid = policy.seen_cameras, policy.grid
        windows = Windows(series, grid, range(int(series.episode.max()) + 1), cameras)
        count = min(len(windows), MOST_WINDOWS)
        self._which = torch.linspace(0, len(windows) - 1, count).long()
        with torch.no_grad():
            touch = policy.touch(series.wrench, series.field)
            felt = policy.touch(series.felt_wrench, series.felt_field)
        self._plain = Seen(series.motion, touch, felt, windows)
        self._actions = self._act(self._plain)

    @property
    def windows(self) -> int:
        """Number of windows."""
        return len(self._which)

    def change(self, tamper: Tamper) -> float:
        """Return the root mean square change of the actions that would be executed, in their deviations.

        The plan is drawn with the same noise. Channels that never vary in the training data are left out, and so is
        `over`: it is no motion, it varies at the very end of an episode alone, and its deviation is so small that it
        would be nearly all of the sum.
        """
        runtime, grid = self._policy.runtime, self._policy.grid
        first = round(runtime.plan_delay_ns / grid.fast_ns)
        executed = slice(first, first + runtime.plan_every * grid.fast)
        scale, varies = self._policy.action.scale, self._policy.action.varies > 0.0
        moved = (self._act(self._spoiled(tamper)) - self._actions)[:, executed] / scale
        varies[-1] = False
        return float(moved[..., varies].square().mean().sqrt())

    def _spoiled(self, tamper: Tamper) -> Seen:
        plain, ticks = self._plain, spoiled_ticks(self._series, tamper, self._policy.grid.period_ns)
        source, zero = tamper.source, tamper.kind == "zero"
        if source.startswith(PICTURES):
            camera = self._policy.seen_cameras.names.index(source.removeprefix(PICTURES))
            if zero:
                return replace(plain, grey=(camera,))
            frames = self._series.frames.clone()
            frames[:, camera] = frames[ticks, camera]
            series = replace(self._series, frames=frames)
            episodes = range(int(series.episode.max()) + 1)
            return replace(
                plain, windows=Windows(series, self._policy.grid, episodes, self._policy.seen_cameras)
            )
        if source == "motion":
            motion = self._policy.motion.mean.expand_as(plain.motion) if zero else plain.motion[ticks]
            return replace(plain, motion=motion)
        touch, felt, part = plain.touch.clone(), plain.felt.clone(), self._policy.part_of_touch(source)
        touch[..., part] = 0.0 if zero else touch[ticks][..., part]
        felt[..., part] = 0.0 if zero else felt[ticks][..., part]
        return replace(plain, touch=touch, felt=felt)

    @torch.no_grad()
    def _act(self, seen: Seen) -> Tensor:
        """Return actions (windows, chunk, 8) in own units."""
        policy, parts = self._policy, []
        generator = generator_for(0, "validation")
        for which in self._which.split(AT_ONCE):
            ticks = seen.windows.observation_ticks(which)
            condition = policy.condition(seen.motion[ticks], seen.touch[ticks])
            if policy.cameras is not None:
                pictures = seen.windows.pictures(which)
                pictures[:, :, list(seen.grey)] = GREY
                condition = policy.seeing(condition, pictures)
            noise = torch.cat([policy.draw(generator) for _ in which])
            plan = policy.plan(condition, noise)
            felt = seen.felt[seen.windows.chunk_ticks(which)].flatten(1, 2)
            parts.append(policy.decode(plan, felt)[0])
        return torch.cat(parts)
