"""`bench load --peer`: the loaders of robomimic and LeRobot on the same episodes, exported by us, one thread each.

A window is the same for all: the chunk of actions, and motion and touch of two moments; with cameras the pictures of
both moments. robomimic reads observations of every step of a window, its pictures as well: it knows no other way.
Ratios are of windows per second of the processor's time: the loaders run one after the other, and what else the machine
does meanwhile would count for one of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.link.hub import Hub
from app.learning.config import FlowConfig

SCRIPTS = {"robomimic": "robomimic_windows.py", "lerobot": "lerobot_windows.py"}
EXPORT_LIMIT_S = 1800.0
PEER_LIMIT_S = 900.0


def parse_peers(words: Sequence[str]) -> dict[str, str]:
    """Return the Python of each peer that is named.

    Raises:
        UsageError: If a word is not NAME=PYTHON of a peer that is known.
    """
    found = {}
    for word in words:
        name, _, python = word.partition("=")
        if name not in SCRIPTS or not python:
            raise UsageError(
                "--peer", f"{word!r} is not known", options=[f"{known}=PYTHON" for known in SCRIPTS]
            )
        found[name] = python
    return found


def beside(
    peers: dict[str, str], folders: Sequence[Path], cameras: tuple[str, ...], ours: dict[str, Any],
    args: argparse.Namespace, link: ChildLink,
) -> dict[str, Any]:  # fmt: skip
    """Return rates and ratio of each peer, and with cameras the same after `pictures_`.

    The keys are `NAME_windows_per_s`, `NAME_windows_per_cpu_s`, `ratio_NAME`, `NAME_open_s`, `NAME_version`.

    Raises:
        UsageError: If there are several folders, or a peer fails.
    """
    if peers and len(folders) != 1:
        raise UsageError("--peer", f"it exports one data folder, and there are {len(folders)}")
    grid, result = FlowConfig().grid, dict[str, Any]()
    with tempfile.TemporaryDirectory(prefix="touchstone-beside-") as scratch:
        for name, python in peers.items():
            path = Path(scratch) / (f"{name}.hdf5" if name == "robomimic" else name)
            link.progress(text=f"export for {name}")
            export(folders[0], name, path, round(1e9 / grid.period_ns))
            for prefix, seen in (("", ()), ("pictures_", cameras)):
                if prefix and not seen:
                    continue
                wanted = {
                    "cameras": seen, "chunk": grid.chunk, "history": grid.history, "batch": args.batch,
                    "seconds": args.seconds,
                }  # fmt: skip
                link.progress(text=f"{name}, {'with pictures' if seen else 'without pictures'}")
                found = run_peer(name, python, path, wanted, Path(scratch))
                rate = float(found["windows_per_cpu_s"])
                result[f"{prefix}{name}_windows_per_s"] = round(float(found["windows_per_s"]), 1)
                result[f"{prefix}{name}_windows_per_cpu_s"] = round(rate, 1)
                result[f"{prefix}{name}_open_s"] = round(float(found["open_s"]), 2)
                result[f"{prefix}ratio_{name}"] = round(ours[f"{prefix}windows_per_cpu_s"] / rate, 1)
                result[f"{name}_version"] = found["version"]
    return result


def export(folder: Path, target: str, path: Path, rate_hz: int) -> None:
    """Let the role `export` write the kept successes for a peer.

    Raises:
        ProcessError: In the words of the exporting process, if it fails.
    """
    words = ("export", str(folder), "--to", target, "--out", str(path), "--rate", str(rate_hz), "--no-verify")
    with Hub() as hub:
        child = hub.start(*words)
        waited_ms = 0.0
        while child.result is None and waited_ms < EXPORT_LIMIT_S * 1e3:
            heard = hub.poll(100)
            waited_ms += 100.0
            if not child.running and not heard:
                raise hub.death_of(child)
    if child.result is None:
        raise UsageError("--peer", f"the export for {target} took more than {EXPORT_LIMIT_S:g} s")


def run_peer(name: str, python: str, path: Path, wanted: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Run a peer's loader; returns its figures.

    Raises:
        UsageError: If that Python cannot run it.
    """
    script = Path(__file__).parent / "peers" / SCRIPTS[name]
    asked, answer = scratch / "wanted.json", scratch / "answer.json"
    asked.write_text(json.dumps(wanted))
    answer.unlink(missing_ok=True)
    environment = {
        **os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(scratch / "hf"), "PYTHONPATH": "", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [python, str(script), str(path), str(asked), str(answer)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=PEER_LIMIT_S
        )
    except OSError as error:
        raise UsageError("--peer", f"{python} cannot be run ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError("--peer", f"{name} took more than {PEER_LIMIT_S:g} s") from error
    if done.returncode != 0 or not answer.is_file():
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UsageError("--peer", f"{name} failed there: {last[:300]}", way_out=f"Install {name} in it")
    found: dict[str, Any] = json.loads(answer.read_text())
    return found
