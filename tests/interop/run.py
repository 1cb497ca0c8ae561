"""`make interop`: do the other programs' own packages open what we export? Writes the table in the help page.

Not a part of `make test`: the peers want environments of their own (about 3 GB, made once). LeRobot's video decoder
needs FFmpeg's libraries (`sudo apt-get install ffmpeg`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

from recorders.exchange.gridding import Survey, grid_episode
from recorders.library import list_episodes
from recorders.reader import EpisodeFile
from tests.app.exchange.motions import make_labelled, make_motion, picture
from tests.app.exchange.running import bring_in, export
from tests.interop.environments import LEROBOT, ROBOMIMIC, ZARR, Environment, say

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "resources" / "help" / "exchange.md"
BEGIN, END = "<!-- interop: begin -->", "<!-- interop: end -->"
RATE_HZ = 25
PEERS: tuple[tuple[str, Environment, str, str], ...] = (
    ("lerobot", LEROBOT, "lerobot_peer.py", "lerobot"),
    ("robomimic", ROBOMIMIC, "robomimic_peer.py", "robomimic"),
    ("zarr", ZARR, "zarr_peer.py", "zarr"),
)


def make_truth(folder: Path) -> dict[str, Any]:
    """Return what the exported rows must show."""
    rows = [row for row in list_episodes(folder) if row.outcome == "success"]
    survey = Survey(RATE_HZ, "applied")
    for row in rows:
        with EpisodeFile(row.path) as file:
            survey.take_in(file, row, folder)
    about = survey.about("")
    episodes = []
    for row in rows:
        with EpisodeFile(row.path) as file:
            one = grid_episode(file, row, folder, about)
        scene = next(camera for camera in one.cameras if camera.key == "scene")
        numbers = np.round((scene.capture_ns - scene.capture_ns[0]) * RATE_HZ * 1e-9).astype(int)
        episodes.append({
            "rows": len(one), "t_ns": one.t_ns.tolist(), "observation.state": one.state.tolist(),
            "task": row.instruction,
            "action": one.action.tolist(), "grey": [int(picture("scene/color", n)[40, 60, 0]) for n in numbers],
        })  # fmt: skip
    return {"rate": RATE_HZ, "episodes": episodes}


def ask(name: str, environment: Environment, script: str, path: Path, truth: Path) -> list[dict[str, Any]]:
    """Run one peer; returns its checks, with a failed one where it ended too soon."""
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [environment.python(), str(HERE / "peers" / script), str(path), str(truth)]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    checks = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"check"')]
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        checks.append({"check": "runs to its end", "ok": False, "detail": last[:200]})
    for each in checks:
        say(f"{name}: {'ok  ' if each['ok'] else 'FAIL'} {each['check']}: {each['detail']}")
    return checks


def check_import(folder: Path) -> list[dict[str, Any]]:
    """Import what LeRobot itself wrote, and compare it with what it was told to write."""
    command = [LEROBOT.python(), str(HERE / "peers" / "lerobot_writer.py"), str(folder / "written")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return [{"check": "writes a set", "ok": False, "detail": done.stderr.strip().splitlines()[-1][:200]}]
    files, refused = bring_in(folder / "written", folder / "imported")
    number = grey = 0.0
    for episode, path in enumerate(files):
        with EpisodeFile(path) as file:
            ticks = np.arange(len(file.times_ns("robot/state")))
            state = 100 * episode + ticks[:, None] + np.arange(4) / 10
            number = max(number, float(np.abs(file.data("robot/state") - state).max()))
            number = max(number, float(np.abs(file.data("robot/action") + ticks[:, None]).max()))
            for tick in ticks:
                pixels = simplejpeg.decode_jpeg(file.picture("top/color", int(tick)))
                grey = max(grey, abs(float(pixels.mean()) - (40 + 23 * int(tick)) % 200))
    told = f"{len(files)} episodes, {len(refused)} refused; numbers within {number:.1e}, grey within {grey:.1f} of 255"
    return [{
        "check": "a set of its own recorder is imported here", "detail": told,
        "ok": len(files) == 2 and not refused and number < 1e-4 and grey < 6,
    }]  # fmt: skip


def table(found: dict[str, tuple[str, list[dict[str, Any]]]]) -> str:
    """Return the results as Markdown."""
    lines = [f"Run on {datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}.", "",
             "| peer | check | result | what it said |", "|---|---|---|---|"]  # fmt: skip
    for version, checks in found.values():
        lines += [
            f"| {version} | {one['check']} | {'yes' if one['ok'] else '**no**'} | {one['detail']} |"
            for one in checks
        ]
    return "\n".join(lines)


def main() -> int:
    """Export, ask every peer, write the table; returns 1 if a check failed."""
    with tempfile.TemporaryDirectory(prefix="touchstone-interop-") as home:
        folder = Path(home)
        make_labelled(folder / "data", 2.0)
        for seconds in (1.0, 1.6):
            make_motion(folder / "data", seconds, instruction="another one")
        truth = folder / "truth.json"
        truth.write_text(json.dumps(make_truth(folder / "data")))
        found = {}
        for target, environment, script, package in PEERS:
            path = folder / (f"{target}.hdf5" if target == "robomimic" else target)
            export(folder / "data", target, path, "--rate", str(RATE_HZ))
            checks = ask(target, environment, script, path, truth)
            if target == "lerobot":
                checks += check_import(folder)
            found[target] = f"{package} {environment.version(package)}", checks
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{after}", encoding="utf-8")
    return 0 if all(one["ok"] for _, checks in found.values() for one in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
