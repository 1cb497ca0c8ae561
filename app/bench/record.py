"""`bench record`: four cameras, 1 kHz state, wrench and touch into the real recorder; what is lost, what it costs.

The load is the rig `bench/record`, made by a device process; the recorder is the same process that collect starts.
With `--peer PYTHON` LeRobot's own recorder gets the same pictures and values afterwards, on the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

from app.core.errors import DeviceError, UsageError
from app.core.ids import new_uuid
from app.core.link.child import ChildLink
from app.core.link.hub import Child, Hub
from app.core.wire.client import DeviceClient, Endpoints

RIG = "bench/record"
START_S, SAVE_S = 120.0, 300.0
PEER_SCRIPT = Path(__file__).with_name("lerobot_record.py")
PICTURES = 12
SHORT_OF = 0.02  # share of the samples due by the rates that may be missing at the ends of a take


def run(args: argparse.Namespace, link: ChildLink) -> dict[str, Any]:
    """Measure our recorder, then the peer's if one was named; returns the JSON keys."""
    if args.seconds < 1.0:
        raise UsageError("bench record", "it needs a second at least", options=["--seconds 20"])
    with tempfile.TemporaryDirectory(prefix="bench-record-", dir=args.data) as folder, Hub() as hub:
        server = hub.start("device", "--rig", RIG)
        endpoints = Endpoints.parse(str(hub.wait_ready(server, START_S)["connect"]))
        recorder = hub.start("record", "--connect", endpoints.text(), "--data", folder)
        hub.wait_ready(recorder, START_S)
        result = measure(hub, recorder, server, endpoints, args.seconds)
        pictures = take_pictures(endpoints) if args.peer else {}
        hub.stop(recorder)
        hub.stop(server)
        if args.peer:
            link.progress(text="our recorder is done; now the peer's")
            result |= run_peer(args.peer, Path(folder), pictures, args.seconds)
            result["text"] = table(result)
    return result


def measure(hub: Hub, recorder: Child, server: Child, endpoints: Endpoints, seconds: float) -> dict[str, Any]:
    """Record one take of so many seconds and return what it cost."""
    uuid = new_uuid()
    hub.intent(recorder, "take_start", take=uuid, meta={"task": "bench", "operator": "bench"})
    hub.wait_for(recorder, ("state",), START_S, name="recording", take=uuid)
    begun, spent, others = time.monotonic(), cpu_s(recorder), cpu_s(server)
    told: dict[str, Any] = {}
    peak_mb = 0.0
    while (passed := time.monotonic() - begun) < seconds:
        for child, event in hub.poll(50):
            if child is recorder and event.kind == "state":
                told = event.body
        peak_mb = max(peak_mb, rss_mb(recorder))
        if not recorder.running:
            raise hub.death_of(recorder)
    cpu, cpu_source = (cpu_s(recorder) - spent) / passed, (cpu_s(server) - others) / passed
    asked, spent = time.monotonic(), cpu_s(recorder)
    hub.intent(recorder, "take_stop", outcome="success", until_ns=0, meta={})
    saved = hub.wait_for(recorder, ("state",), SAVE_S, name="saved", take=uuid).body
    commit_s, commit_cpu_s = time.monotonic() - asked, cpu_s(recorder) - spent
    with DeviceClient(endpoints) as client:
        specs = {spec.topic: spec for spec in client.describe().streams if spec.rate_hz > 0}
    due = {topic: spec.rate_hz * float(saved["seconds"]) for topic, spec in specs.items()}
    short = [topic for topic, count in due.items() if saved["streams"].get(topic, 0) < (1 - SHORT_OF) * count]
    return {
        "dropped": int(saved["dropped"]), "streams_below_rate": sorted(short), "cpu": round(cpu, 3),
        "cpu_source": round(cpu_source, 3),
        "mb_per_s": round(int(told.get("bytes", 0)) * 1e-6 / max(float(told.get("seconds", 0)), 1e-9), 2),
        "commit_s": round(commit_s, 3), "commit_cpu_s": round(commit_cpu_s, 3),
        "load": round(os.getloadavg()[0], 1), "episode_mb": round(Path(saved["path"]).stat().st_size * 1e-6, 1),
        "rss_mb": round(max(peak_mb, rss_mb(recorder)), 1), "seconds": round(float(saved["seconds"]), 2),
        "samples": saved["streams"], "flags": saved["flags"], "rig": RIG, "cores": os.cpu_count(),
    }  # fmt: skip


def take_pictures(endpoints: Endpoints) -> dict[str, np.ndarray]:
    """Return some pictures of each camera, decoded: (n, height, width, 3) of uint8, by the camera's name."""
    found: dict[str, list[np.ndarray]] = {}
    with DeviceClient(endpoints) as client:
        wanted = [spec for spec in client.describe().streams if spec.encoding == "jpeg"]
        client.subscribe(tuple(spec.topic for spec in wanted))
        deadline = time.monotonic() + START_S
        while len(found) < len(wanted) or min(map(len, found.values())) < PICTURES:
            if time.monotonic() > deadline:
                raise DeviceError("bench 'record'", "the load sent no pictures")
            for _, header, buffer in client.receive(100):
                found.setdefault(header.device, []).append(simplejpeg.decode_jpeg(bytes(buffer)))
    return {name: np.stack(pictures[:PICTURES]) for name, pictures in found.items()}


def run_peer(python: str, folder: Path, pictures: dict[str, np.ndarray], seconds: float) -> dict[str, Any]:
    """Let LeRobot's recorder take the same pictures and values; returns its figures as peer_….

    Raises:
        UsageError: If that Python cannot run it.
    """
    source, answer = folder / "pictures.npz", folder / "peer.json"
    np.savez(source, **pictures)  # type: ignore[arg-type]
    words = [python, str(PEER_SCRIPT), str(source), str(folder / "peer"), f"{seconds:g}", str(answer)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf"), "PYTHONPATH": ""}
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    except OSError as error:
        raise UsageError("--peer", f"{python} cannot be run ({error.strerror})") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UsageError(
            "--peer", f"LeRobot's recorder failed there: {last}", way_out="Install lerobot 0.4.4 in it"
        )
    found = json.loads(answer.read_text())
    return {f"peer_{key}": value for key, value in found.items()}


def table(result: dict[str, Any]) -> str:
    """Return both recorders side by side."""
    ours = {key: result[key] for key in ("seconds", "dropped", "cpu", "mb_per_s", "commit_s", "rss_mb")}
    rows = [f"{'':<22}{'Touchstone':>12}{'LeRobot ' + str(result['peer_version']):>16}"]
    rows += [f"{key:<22}{value:>12}{result.get(f'peer_{key}', ''):>16}" for key, value in ours.items()]
    rows.append(f"{'state rate, Hz':<22}{_rate(result, 'arm/joints'):>12}{result['peer_rate_hz']:>16}")
    rows.append(f"{'wrench rate, Hz':<22}{_rate(result, 'finger/wrench'):>12}{result['peer_rate_hz']:>16}")
    return "\n".join(rows)


def _rate(result: dict[str, Any], topic: str) -> float:
    return round(result["samples"].get(topic, 0) / max(result["seconds"], 1e-9), 1)


def cpu_s(child: Child) -> float:
    """Return the processor time that a child has used, in seconds."""
    fields = Path(f"/proc/{child.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(child: Child) -> float:
    """Return the resident memory of a child, in MB of 10⁶ bytes."""
    pages = int(Path(f"/proc/{child.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") * 1e-6
