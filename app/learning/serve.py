"""Role `policy`: a trained policy that drives a rig, through the same loop as every source of motion."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from app.core.drive.loop import Driver, serve_driver
from app.core.errors import LearningError
from app.core.link.child import ChildLink
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.messages import ServerInfo
from app.learning import checkpoint, trial
from app.learning.config import RunConfig
from app.learning.data.arrays import COLOR
from app.learning.policies.build import Policy
from app.learning.policies.streaming.policy import StreamingPolicy
from app.learning.runtime.controller import PolicyController
from app.learning.runtime.tampered import TamperedObserver
from app.learning.trial import Trial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `policy`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a checkpoint")
    parser.add_argument(
        "--weights", default="kept", choices=("kept", "last"), help="the best ones, or those of the end"
    )
    parser.add_argument("--connect", required=True, help="STREAMS,COMMANDS of a device server")
    parser.add_argument(
        "--headless", action="store_true", help="enable motion without a person (simulated rigs only)"
    )
    trial.add_arguments(parser)


def check_rig(run: Path, config: RunConfig, info: ServerInfo) -> None:
    """Refuse a rig that the policy does not fit.

    Raises:
        LearningError: Naming both sides.
    """
    checkpoint.require_rig(run, config, info.rig, info.task, config.layout.markers(info))
    offered = {stream.topic for stream in info.streams if not stream.privileged}
    if absent := sorted(set(config.layout.topics) - offered):
        raise LearningError(f"rig {info.rig!r}", f"it has no stream {absent[0]!r}", options=sorted(offered))
    filmed = {spec.device for spec in info.streams if spec.topic in offered and spec.topic.endswith(COLOR)}
    if unseen := [name for name in config.settings.cameras.names if name not in filmed]:
        raise LearningError(
            f"checkpoint {run}", f"it sees camera {unseen[0]!r}, which rig {info.rig!r} does not have",
            options=sorted(filmed) or ["none"], way_out="Connect the camera under that name, or train without it",
        )  # fmt: skip
    if info.lockstep and info.period_ns != config.settings.grid.period_ns:
        acts_ns = config.settings.grid.period_ns
        raise LearningError(
            f"checkpoint {run}",
            f"it acts every {acts_ns / 1e6:g} ms; this rig steps every {info.period_ns / 1e6:g} ms",
            way_out="Train on recordings of this rig",
        )


def controller_for(policy: Policy, changes: Trial, run: Path) -> PolicyController:
    """Return the controller of a policy, changed for a trial.

    Raises:
        LearningError: If the policy cannot run so.
    """
    policy.runtime = changes.runtime(policy.runtime)
    if isinstance(policy, StreamingPolicy) and changes.plan_every is not None:
        raise LearningError(
            f"--plan-every of {run}", "a streaming policy plans at the pace that it was trained for"
        )
    return PolicyController(policy, TamperedObserver(policy, changes.tampers) if changes.tampers else None)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Drive episodes as the parent asks."""
    torch.set_num_threads(1)
    link = ChildLink("policy", args.hub, args.run_id)
    try:
        config = checkpoint.read_config(args.run)
        controller = controller_for(
            checkpoint.load_policy(args.run, config, args.weights == "last"), trial.read(args), args.run
        )
        try:
            with DeviceClient(Endpoints.parse(args.connect)) as client:
                check_rig(args.run, config, client.describe())
                driver = Driver(client, controller, link, holder="policy", headless=args.headless)
                serve_driver(
                    driver, link, ready={"run": str(args.run), "policy": config.policy, "steps": config.step}
                )
        finally:
            controller.close()
    finally:
        link.close()
    return {"run": str(args.run), "why": link.why_stopping}
