"""Chooses torch's build: accelerated where there is an accelerator, else a CPU build, which is ten times smaller.

Each choice is a list of pip arguments that are tried in turn. Used by `app.setup.steps` before all other packages, so
that what they ask of torch is met already and pip never fetches another build.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from app.setup.pins import Pin

CPU_INDEX = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True)
class Source:
    """One way to get torch.

    Attributes:
        said: What is told to the person.
        arguments: What follows `pip install`.
        may_fail: Nothing is wrong if it is not there: only what lies at hand is looked through.
    """

    said: str
    arguments: tuple[str, ...]
    may_fail: bool = False


def sources(pin: Pin, accelerator: str | None, platform: str = sys.platform) -> tuple[Source, ...]:
    """Return the ways to get torch on this machine, best first.

    With an accelerator the version is asked for with `===`, which a CPU build that lies at hand (`2.13.0+cpu`, which
    pip would otherwise rank higher) does not meet.
    """
    plain = Source(f"{pin.requirement} from the configured package index", (pin.requirement,))
    if not platform.startswith("linux"):
        return (plain,)
    if accelerator is not None:
        exact = f"{pin.name}==={pin.version}"
        return (Source(f"{pin.requirement}, the accelerated build, for {accelerator}", (exact,)), plain)
    cpu = f"{pin.requirement}+cpu"
    return (
        Source(
            f"{cpu}, a CPU build (no accelerator here), from what pip is configured with",
            (cpu,),
            may_fail=True,
        ),
        Source(f"{cpu} from PyTorch's own index {CPU_INDEX}", (cpu, "--extra-index-url", CPU_INDEX)),
        Source(f"{plain.said}: larger, brings accelerator packages", plain.arguments),
    )
