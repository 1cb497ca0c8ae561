"""Role `tones`: lets the contact force of a rig be heard. Started by the window; a child of its own, so that sound can
hold up neither the window nor the hand.

Intents: `volume` {value: 0..1}.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import DeviceError
from app.core.link.child import ChildLink
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.codec import decode_array
from app.teleop.feel import wrench_topics
from app.teleop.tone import RATE_HZ, Voice
from devices.inputs.speaker import Sink, SoundCard, WavFile

OLD_S = 0.25  # a force that is older is no contact


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tones`."""
    parser.add_argument("--connect", required=True, help="STREAMS,COMMANDS of a device server")
    parser.add_argument("--volume", type=float, default=0.5, help="0 to 1")
    parser.add_argument(
        "--wav", type=Path, default=None, help="write this file instead of using the sound card"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Play until the parent stops."""
    link = ChildLink("tones", args.hub, args.run_id)
    try:
        with DeviceClient(Endpoints.parse(args.connect)) as client:
            info = client.describe()
            topics = wrench_topics(info)
            if not topics:
                raise DeviceError("tones", f"rig {info.rig!r} measures no force")
            voice = Voice(info.limits.get("force_n", 0.0))
            voice.volume = _volume(args.volume)
            client.subscribe(topics)
            with contextlib.closing(_sink(args.wav, voice)) as sink:
                link.ready()
                _play(client, link, voice, sink)
    finally:
        link.close()
    return {"why": link.why_stopping}


def _sink(wav: Path | None, voice: Voice) -> Sink:
    if wav is not None:
        return WavFile(wav, voice.samples, RATE_HZ)
    return SoundCard(voice.samples, RATE_HZ)


def _volume(value: Any) -> float:
    return float(np.clip(float(value), 0.0, 1.0))


def _play(client: DeviceClient, link: ChildLink, voice: Voice, sink: Sink) -> None:
    """Follow the largest of the rig's forces, until stopped.

    Raises:
        DeviceError: If the sound card goes away.
    """
    forces: dict[str, tuple[float, float]] = {}
    while not link.stopping:
        for intent in link.poll():
            if intent.get("name") == "volume":
                voice.volume = _volume(intent["value"])
        for _, header, buffer in client.receive(20):
            newest = np.asarray(decode_array(header, buffer)[-1][:3], dtype=np.float64)
            forces[header.device] = (time.monotonic(), float(np.linalg.norm(newest)))
        now = time.monotonic()
        fresh = [force for stamp, force in forces.values() if now - stamp < OLD_S and np.isfinite(force)]
        voice.force_n = max(fresh, default=0.0)
        if not sink.alive:
            raise DeviceError(
                "tones", "the sound card is gone", way_out="Plug it in and switch the tones on again"
            )
