"""Role `bench-overlay`, typed as `bench overlay`: what drawing touch over a picture costs.

A picture of 640×480 is drawn with and without the full overlay (two sensors with force, one with 63 markers,
ghost, plan, legend, badges), in turns, into an image: what the overlay costs beside the picture itself.
Times are of the drawing thread on its core, so that a busy machine does not count.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

import numpy as np

from app.core.errors import UsageError
from app.core.wire.messages import CameraInfo

SIZE = (640, 480)
FRAMES = 600
WARM_UP = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench overlay`."""
    parser.add_argument("--frames", type=int, default=FRAMES, help="how many pictures of each kind are drawn")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure; returns overlay_p50_ms, overlay_p99_ms, the same of the plain picture, and their ratio."""
    if args.frames < 50:
        raise UsageError("bench overlay", "fewer pictures have no 99th percentile", options=["--frames 50"])
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QPointF, QRectF
    from PySide6.QtGui import QImage, QPainter

    from widgets.application import make_application
    from widgets.theme.tokens import Theme
    from widgets.views.legend import paint_legend
    from widgets.views.overlay import Overlay, paint_overlay

    make_application()
    theme = Theme.load(args.theme)
    pixels = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 4), dtype=np.uint8)
    picture = QImage(pixels.data, *SIZE, QImage.Format.Format_RGB32)
    target, area = QImage(*SIZE, QImage.Format.Format_RGB32), QRectF(0, 0, *SIZE)
    camera = _camera()
    costs: dict[str, list[float]] = {"plain": [], "overlay": []}
    for index in range(args.frames + WARM_UP):
        live = _live(index)
        for kind, times in costs.items():
            with QPainter(target) as painter:
                began = time.thread_time()
                painter.drawImage(area, picture)
                drawn = time.thread_time()
                if kind == "overlay":
                    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                    overlay = Overlay.project(camera, live)
                    paint_overlay(painter, overlay, theme, QPointF(0, 0), 1.0)
                    paint_legend(painter, overlay, theme, area, 1.0)
                    times.append((time.thread_time() - drawn) * 1e3)
                else:
                    times.append((drawn - began) * 1e3)
    return _summary({kind: times[WARM_UP:] for kind, times in costs.items()})


def _summary(costs: dict[str, list[float]]) -> dict[str, Any]:
    result: dict[str, Any] = {"frames": len(costs["plain"]), "size": list(SIZE)}
    for kind, times in costs.items():
        for share in (50, 99):
            result[f"{kind}_p{share}_ms"] = round(float(np.percentile(times, share)), 3)
    result["overlay_to_plain_ratio"] = round(result["overlay_p50_ms"] / result["plain_p50_ms"], 3)
    return result


def _camera() -> CameraInfo:
    """Return a camera half a metre over the finger that looks down."""
    pose = (1.0, 0.0, 0.0, 0.5, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.7, 0.0, 0.0, 0.0, 1.0)
    distortion = (-0.2, 0.05, 0.001, 0.0, 0.0)
    return CameraInfo("bench", *SIZE, 600.0, 600.0, 320.0, 240.0, "base", pose, distortion)


def _live(index: int) -> Any:
    """Return a state with everything that can be drawn, a little different in each picture."""
    from widgets.views.live import Live, Touch
    from widgets.views.slip import Slip

    phase = index * 0.1
    grid = (
        np.stack(np.meshgrid(np.arange(7) - 3.0, np.arange(9) - 4.0, indexing="ij"), -1).reshape(-1, 2) * 3e-3
    )
    markers = np.column_stack([grid, np.zeros(63)])
    field = 0.3 * np.sin(phase + markers * 200.0)
    pose = np.array([0.5, 0.02 * np.sin(phase), 0.2, 0.0, 1.0, 0.0, 0.0])
    wrench = np.array([8.0 * np.cos(phase), 8.0 * np.sin(phase), -6.0, 0, 0, 0])
    wrist = np.eye(4)
    wrist[2, 3] = -0.1
    finger = Touch("finger", np.eye(4), wrench, markers, field, Slip.SLIDING, 60.0, 45.0)
    line = np.linspace([0.4, -0.1, 0.2], [0.6, 0.1, 0.2], 32)
    touches = (finger, Touch("wrist_ft", wrist, 0.5 * wrench, limit_n=45.0))
    return Live(pose=pose, commanded=np.append(pose, 0.04), touches=touches, commanded_age_s=0.0, plan=line)
