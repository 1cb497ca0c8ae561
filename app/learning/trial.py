"""Changes of a policy for a trial: how often it plans, how late a plan is, and what is done to one of its inputs.

The words are the same for `policy` and `deploy`, which passes them on. Used by the study's controls and by the touch
audit. Free of torch.
"""

from __future__ import annotations

import argparse
from typing import Literal, get_args

import msgspec

from app.core.errors import UsageError
from app.learning.settings import RuntimeConfig

Kind = Literal["zero", "freeze", "shuffle", "delay"]
KINDS: tuple[Kind, ...] = get_args(Kind)
INPUTS = ("touch", "wrench", "field", "motion")
PICTURES = "camera:"
FREEZE_MS, DELAY_MS = 960.0, 200.0
NS_PER_MS = 1_000_000


class Tamper(msgspec.Struct, frozen=True):
    """What is done to one input.

    zero: it reads as its mean over the training data. freeze: it is held for `ms`, then taken anew. shuffle: it is
    the value of another moment, drawn at random. delay: it is `ms` old.

    Attributes:
        source: One of `INPUTS`, or `camera:` and a camera's name.
    """

    source: str
    kind: Kind
    ms: float = 0.0

    def word(self) -> str:
        """Return what `parse` reads."""
        return f"{self.source}={self.kind}" + (f":{self.ms:g}" if self.ms else "")

    @classmethod
    def parse(cls, text: str) -> Tamper:
        """Return what `INPUT=KIND[:MS]` says.

        Raises:
            UsageError: Naming what is wrong with it.
        """
        source, sign, rest = text.partition("=")
        kind, colon, number = rest.partition(":")
        if not sign or (source not in INPUTS and not source.startswith(PICTURES)):
            raise UsageError(
                "--tamper", f"{text!r} names no input", options=[*INPUTS, f"{PICTURES}NAME"],
                way_out="Write it as INPUT=KIND or INPUT=KIND:MS",
            )  # fmt: skip
        known = next((name for name in KINDS if name == kind), None)
        if known is None:
            raise UsageError("--tamper", f"{kind!r} is nothing that can be done to an input", options=KINDS)
        timed = {"freeze": FREEZE_MS, "delay": DELAY_MS}.get(known, 0.0)
        if colon and not timed:
            raise UsageError("--tamper", f"{known} takes no time", options=[f"{source}={known}"])
        try:
            ms = float(number) if colon else timed
        except ValueError:
            ms = -1.0
        if colon and not 0.0 < ms <= 10_000.0:
            raise UsageError(
                "--tamper", f"{number!r} is no time in milliseconds", options=["above 0 to 10000"]
            )
        return cls(source, known, ms)


class Trial(msgspec.Struct, frozen=True):
    """All changes of one trial; the defaults change nothing."""

    plan_every: int | None = None
    plan_delay_ms: float | None = None
    tampers: tuple[Tamper, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything is changed."""
        return self != Trial()

    def words(self) -> list[str]:
        """Return the command-line words that `read` understands."""
        every = [] if self.plan_every is None else ["--plan-every", str(self.plan_every)]
        delay = [] if self.plan_delay_ms is None else ["--plan-delay", f"{self.plan_delay_ms:g}"]
        return [*every, *delay, *(word for tamper in self.tampers for word in ("--tamper", tamper.word()))]

    def runtime(self, config: RuntimeConfig) -> RuntimeConfig:
        """Return the run-time settings of a policy, with these changes."""
        every = config.plan_every if self.plan_every is None else self.plan_every
        delay_ns = (
            config.plan_delay_ns if self.plan_delay_ms is None else round(self.plan_delay_ms * NS_PER_MS)
        )
        return msgspec.structs.replace(config, plan_every=every, plan_delay_ns=delay_ns)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that change a policy for a trial."""
    parser.add_argument(
        "--plan-every", type=int, metavar="TICKS", help="ticks from plan to plan, for a trial"
    )
    parser.add_argument(
        "--plan-delay",
        type=float,
        metavar="MS",
        help="age at which a plan is first used, in lock-step, for a trial",
    )
    parser.add_argument(
        "--tamper", action="append", default=[], metavar="INPUT=KIND",
        help=f"spoil an input ({', '.join(INPUTS)}, {PICTURES}NAME): {', '.join(KINDS)}; times as freeze:960",
    )  # fmt: skip


def read(args: argparse.Namespace) -> Trial:
    """Return the trial that the arguments describe.

    Raises:
        UsageError: With the way out.
    """
    if args.plan_every is not None and not 1 <= args.plan_every <= 100_000:
        raise UsageError("--plan-every", f"{args.plan_every} is no number of ticks", options=["1 or more"])
    if args.plan_delay is not None and not 0.0 <= args.plan_delay <= 10_000.0:
        raise UsageError("--plan-delay", f"{args.plan_delay:g} is no delay", options=["0 to 10000 ms"])
    return Trial(args.plan_every, args.plan_delay, tuple(Tamper.parse(text) for text in args.tamper))
