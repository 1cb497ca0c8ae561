"""Settings that every policy has: grid, touch, optimiser, run time, network, cameras. Used by `policies/*/config.py`.

Every time is in grid ticks (one tick = `GridConfig.period_ns`) unless the name says otherwise. Free of torch: the
window reads it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.core.clock import NS_PER_S

ActionStream = Literal["applied", "commanded"]
ActionFrame = Literal["increment", "relative_command", "relative_pose", "absolute"]
FRAME_HELP = (
    "What an action is: the change of the command; or the pose to command, relative to the command or to the measured "
    "pose at the plan's observation, or absolute in the stroke frame. Relative to the measured pose gives force away."
)


class GridConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How native streams become one grid, and what one training window is.

    Attributes:
        period_ns: Length of a tick; 20 ms = 50 Hz, the rate of the fast decoder.
        filter_ns: A wrench sample of the grid is the mean of the native samples of this last span.
        chunk: Ticks of one action chunk.
        history: Ticks between the two observations that the planner sees.
        actions: Which stream is imitated: what the governor applied, or what was commanded.
        fast: Ticks of the decoder per tick of the grid: it sees touch so many times as often as the planner. Only a
            policy whose decoder looks at touch has more than one.
    """

    period_ns: int = 20_000_000
    filter_ns: int = 12_000_000
    chunk: int = 48
    history: int = 5
    actions: ActionStream = "applied"
    fast: int = 1

    @property
    def fast_ns(self) -> int:
        """Length of a tick of the decoder, ns."""
        return self.period_ns // self.fast

    @property
    def rate_hz(self) -> float:
        """Ticks per second."""
        return NS_PER_S / self.period_ns


class TouchConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The touch embedding, which parts of touch the policy may use, and how often training leaves touch out.

    A part that is not used reads as its mean: the networks keep their shape, so runs with and without can be compared.
    """

    components: Annotated[int, Meta(description="Principal components kept of the marker field.")] = 15
    dropout: Annotated[float, Meta(description="Share of training windows in which touch is left out.")] = 0.0
    wrench: Annotated[bool, Meta(description="Whether the policy sees force and torque at the finger.")] = (
        True
    )
    field: Annotated[bool, Meta(description="Whether the policy sees the marker field.")] = True


class OptimiserConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """AdamW with warm-up and cosine, and the exponential average of the weights (power schedule).

    Attributes:
        batch: Windows per step.
        tokenizer_rate: Peak learning rate of the tokenizer.
        planner_rate: Peak learning rate of the planner, or of a policy of one stage.
        warmup: Steps over which the rate rises; a tenth of the stage at most.
        floor: Share of the peak rate that is left at the end.
        weight_decay: Of AdamW.
        clip: Longest gradient.
        ema_power: The average forgets with 1 − (1 + step) to the power of minus this.
        ema_max: Largest decay of the average.
    """

    batch: int = 128
    tokenizer_rate: float = 2e-3
    planner_rate: float = 1e-3
    warmup: int = 100
    floor: float = 0.02
    weight_decay: float = 1e-4
    clip: float = 1.0
    ema_power: float = 0.75
    ema_max: float = 0.999


class RuntimeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the policy runs.

    Attributes:
        plan_every: Ticks from one plan to the next.
        plan_delay_ns: In lock-step a plan can be used this long after the observation it was made from.
        max_step_m: A position increment is clipped to this length per tick.
        max_turn_rad: A rotation increment is clipped to this angle per tick.
        leash_m: The policy's own command is never further than this from what the governor applied.
        stale_ns: An observation that rests on touch or pose older than this is not acted on.
        done_level: The chunk's "over" channel above this for `done_ticks` ticks in a row ends the episode.
        done_ticks: For how many ticks in a row "over" must be high.
    """

    plan_every: int = 12
    plan_delay_ns: int = 100_000_000
    max_step_m: float = 0.006
    max_turn_rad: float = 0.05
    leash_m: float = 0.015
    stale_ns: int = 100_000_000
    done_level: float = 0.8
    done_ticks: int = 10


class NetworkConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes of the denoiser of a chunk policy."""

    width: Annotated[int, Meta(description="Width of the residual network.")] = 256
    blocks: Annotated[int, Meta(description="Residual blocks, each modulated by the condition.")] = 4
    level_features: Annotated[
        int, Meta(description="Sines and cosines that tell the level of each tick.")
    ] = 16
    noise: Annotated[
        float, Meta(description="Noise on the normalised observations in training, in deviations.")
    ] = 0.1


class CamerasConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which cameras the planner sees, and how. Without names there is no encoder, and nothing else changes."""

    names: Annotated[
        tuple[str, ...], Meta(description="Cameras that the planner sees, by the name of the device.")
    ] = ()
    size: Annotated[int, Meta(description="Pictures are resized to squares of this many pixels.")] = 64
    encoder: Annotated[
        Literal["compact", "resnet18"],
        Meta(description="Four convolutions with a spatial softmax, or a ResNet-18 with group norms."),
    ] = "compact"
    features: Annotated[int, Meta(description="Numbers that each camera's picture becomes.")] = 32
    crop: Annotated[
        float,
        Meta(
            description="Share of the side that is seen: cut at random in training, from the middle when it acts."
        ),
    ] = 0.9
    dropout: Annotated[
        float, Meta(description="Share of training windows in which pictures are left out.")
    ] = 0.0
    stale_ns: Annotated[
        int, Meta(description="A picture older than this is neither learned from nor acted on, nanoseconds.")
    ] = 500_000_000

    @property
    def seen(self) -> int:
        """Side of the square that the encoder sees, pixels."""
        return max(1, round(self.size * self.crop))

    @property
    def topics(self) -> tuple[str, ...]:
        """The streams of the cameras, in order."""
        return tuple(f"{name}/color" for name in self.names)


class ChunkConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the policies that draw a chunk of actions at once have in common."""

    grid: GridConfig = GridConfig()
    touch: TouchConfig = TouchConfig()
    network: NetworkConfig = NetworkConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    runtime: RuntimeConfig = RuntimeConfig()
    cameras: CamerasConfig = CamerasConfig()
    action_frame: Annotated[ActionFrame, Meta(description=FRAME_HELP)] = "increment"
