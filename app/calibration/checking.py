"""Looks at every kept calibration of a rig that runs: its age, and whether its camera has moved."""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np

from app.calibration.board import Finder
from app.calibration.gather import Poses
from app.calibration.moved import Verdict, compare_board, compare_scenes
from app.core.calibration import (
    EXPIRES_DAYS,
    Calibration,
    age_days,
    age_words,
    calibration_path,
    load_calibration,
)
from app.core.link.child import ChildLink
from app.core.wire.client import DeviceClient
from app.core.wire.codec import decode_array
from app.core.wire.messages import ServerInfo

PATIENCE_S = 10.0


def check_rig(link: ChildLink, client: DeviceClient, info: ServerInfo, cameras: list[str]) -> dict[str, Any]:
    """Return for each camera: calibrated, age, expired, moved (None: cannot be told), shift in px, and words."""
    kept = {name: load_calibration(info.rig, name) for name in cameras}
    wanted = [name for name, calibration in kept.items() if calibration is not None]
    seen, poses = _pictures(link, client, wanted)
    report: dict[str, Any] = {}
    for name, calibration in kept.items():
        if calibration is None:
            report[name] = {"calibrated": False, "words": "It is not calibrated."}
            continue
        verdict = _judge(calibration, seen.get(name), poses)
        days = age_days(calibration.created)
        report[name] = {
            "calibrated": True, "age_days": round(days, 2), "expired": days > EXPIRES_DAYS, "moved": verdict.moved,
            "shift_px": None if np.isnan(verdict.shift_px) else round(verdict.shift_px, 2),
            "words": f"Calibrated {age_words(calibration.created)}. {verdict.words}",
        }  # fmt: skip
    return report


def _pictures(
    link: ChildLink, client: DeviceClient, cameras: list[str]
) -> tuple[dict[str, tuple[int, np.ndarray]], Poses]:
    """Return the next picture of each camera with its time, and the tool's poses about it."""
    poses = Poses()
    seen: dict[str, tuple[int, np.ndarray]] = {}
    topics = {f"{name}/color".encode(): name for name in cameras}
    client.subscribe(("arm/pose", *(topic.decode() for topic in topics)))
    deadline = time.monotonic() + PATIENCE_S
    while len(seen) < len(cameras) and time.monotonic() < deadline and not link.stopping:
        for topic, header, buffer in client.receive(50):
            if topic in topics and topics[topic] not in seen:
                gray = cv2.imdecode(np.frombuffer(bytes(buffer), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
                if gray is not None:
                    seen[topics[topic]] = header.t_ns[-1], np.asarray(gray)
            elif topic == b"arm/pose":
                poses.feed(header.t_ns, decode_array(header, buffer))
        link.poll()
    return seen, poses


def _judge(calibration: Calibration, found: tuple[int, np.ndarray] | None, poses: Poses) -> Verdict:
    if found is None:
        return Verdict(None, float("nan"), "It sends no picture.")
    t_ns, gray = found
    if gray.shape != (calibration.height, calibration.width):
        gray = np.asarray(cv2.resize(gray, (calibration.width, calibration.height)))
    pose, finder = poses.at(t_ns), Finder(calibration.board)
    if pose is not None:
        by_board = compare_board(calibration, finder, gray, pose[0])
        if by_board.moved is False:
            return by_board
    then = cv2.imread(
        str(calibration_path(calibration.rig, calibration.camera, ".png")), cv2.IMREAD_GRAYSCALE
    )
    if then is None:
        if pose is None or calibration.mount == "tool":
            words = "Whether it has moved can be told only with the board in view, where it was."
            return by_board if pose is not None and by_board.moved else Verdict(None, float("nan"), words)
        return Verdict(None, float("nan"), "There is no picture of its calibration to compare with.")
    return compare_scenes(np.asarray(then), gray, finder)
