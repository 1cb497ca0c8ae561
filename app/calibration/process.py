"""Role `calibrate`: prints the board, calibrates a camera of a rig or from recorded pictures, checks what is kept.

From a terminal the person moves the arm (with the pendant, or with the window on the same rig), and views are taken by
themselves whenever everything stands still. The window's wizard runs the same role.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from pathlib import Path
from typing import Any

from app.core.calibration import BoardSpec, CalibrationError, calibration_path, load_calibration
from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.rig import load_rig
from app.core.sensors import camera_devices
from app.core.wire.messages import ServerInfo

ACTIONS = ("run", "board", "check", "list", "forget")
BOARD = BoardSpec()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `calibrate`."""
    about = "run: calibrate (default); board: print one; check: age, and has a camera moved; list; forget"
    parser.add_argument("action", nargs="?", default="run", choices=ACTIONS, help=about)
    parser.add_argument("--rig", default="sim/wipe")
    parser.add_argument(
        "--camera", default="", metavar="NAME", help="of the rig; check and list: all by default"
    )
    parser.add_argument(
        "--mount", choices=("tool", "base"), help="on the tool (board stands) or fixed (board on tool)"
    )
    parser.add_argument("--connect", help="STREAMS,COMMANDS of a running serve")
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="recorded pictures with poses.json, no rig"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the pictures of the views for --pictures"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="board: .pdf (true size) or .png")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long views are waited for")
    parser.add_argument("--columns", type=int, default=BOARD.columns, help="squares of the board across")
    parser.add_argument("--rows", type=int, default=BOARD.rows, help="squares of the board down")
    parser.add_argument(
        "--square", type=float, default=BOARD.square_m * 1e3, metavar="MM", help="as measured"
    )
    parser.add_argument(
        "--marker", type=float, default=BOARD.marker_m * 1e3, metavar="MM", help="as measured"
    )
    parser.add_argument("--dictionary", default=BOARD.dictionary, help="of markers, by OpenCV's name")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Do what was asked; returns the JSON keys.

    Raises:
        CalibrationError: If OpenCV is missing, or the calibration cannot be made.
    """
    if args.action in ("list", "forget"):
        return list_kept(args) if args.action == "list" else forget(args)
    if importlib.util.find_spec("cv2") is None:
        from devices.parts.extras import install_command

        raise CalibrationError(
            "calibration",
            "it needs OpenCV, which is not installed",
            way_out=f"Run `{install_command('camera')}`",
        )
    board = BoardSpec(args.columns, args.rows, args.square * 1e-3, args.marker * 1e-3, args.dictionary)
    if args.action == "board":
        from app.calibration.board import save_board

        path = args.out or Path("calibration_board.pdf")
        return {"file": str(path), "about": save_board(board, path)}
    if args.pictures is not None:
        return run_recorded(args, board)
    return run_live(args, board)


def list_kept(args: argparse.Namespace) -> dict[str, Any]:
    """Return what is kept of a rig's cameras; works without the rig and without OpenCV."""
    folder = calibration_path(args.rig, "any").parent
    names = [args.camera] if args.camera else sorted(path.stem for path in folder.glob("*.json"))
    cameras = {}
    for name in names:
        kept = load_calibration(args.rig, name)
        if kept is not None:
            cameras[name] = {
                "created": kept.created, "mount": kept.mount, "method": kept.method, "opencv": kept.opencv,
                "held_out_px": kept.residuals.held_out_px, "held_out_mm": kept.residuals.held_out_mm,
                "file": str(calibration_path(args.rig, name)),
            }  # fmt: skip
    return {"rig": args.rig, "cameras": cameras}


def forget(args: argparse.Namespace) -> dict[str, Any]:
    """Put a kept calibration aside: the file is renamed, so that it can be brought back."""
    path = calibration_path(args.rig, args.camera or "any")
    if not args.camera or not path.is_file():
        names = sorted(path.stem for path in path.parent.glob("*.json"))
        raise UsageError(
            f"camera {args.camera!r}", "no calibration is kept of it", options=names or ["none is kept"]
        )
    aside = path.with_suffix(".json.old")
    path.replace(aside)
    calibration_path(args.rig, args.camera, ".png").unlink(missing_ok=True)
    return {"forgotten": str(path), "kept_as": str(aside)}


def run_recorded(args: argparse.Namespace, board: BoardSpec) -> dict[str, Any]:
    """Calibrate from recorded pictures; without poses only the lens, which is told and not kept."""
    from app.calibration.board import Finder
    from app.calibration.lens import calibrate_lens
    from app.calibration.live import keep
    from app.calibration.recorded import read_folder
    from app.calibration.solve import solve, summary

    collection, without, last = read_folder(args.pictures, Finder(board))
    told = {"views": len(collection.views), "without_board": without}
    if not any(view.tool is not None for view in collection.views):
        lens = calibrate_lens(collection)
        return {
            **told, "fx": lens.matrix[0, 0], "fy": lens.matrix[1, 1], "cx": lens.matrix[0, 2] + 0.5,
            "cy": lens.matrix[1, 2] + 0.5, "distortion": lens.distortion.tolist(), "intrinsics_px": lens.rms_px,
            "text": f"Lens only, since there is no poses.json: focal length {lens.matrix[0, 0]:.1f} px, "
            f"{lens.rms_px:.2f} px over {len(collection.views)} views. Nothing was kept.",
        }  # fmt: skip
    if not args.camera or args.mount is None:
        raise UsageError(
            "calibrate --pictures", "it must be known whose they are", options=["--camera", "--mount"]
        )
    made, _ = solve(args.rig, args.camera, args.mount, board, collection)
    path = keep(made, last)
    return {**told, **_result(made), "file": path, "text": summary(made)}


def _result(made: Any) -> dict[str, Any]:
    fit = made.residuals
    return {
        "fx": made.fx, "fy": made.fy, "cx": made.cx, "cy": made.cy, "distortion": list(made.distortion),
        "pose": list(made.pose), "method": made.method, "intrinsics_px": fit.intrinsics_px,
        "held_out_px": fit.held_out_px, "held_out_mm": fit.held_out_mm, "methods_px": fit.methods_px,
        "used": made.views, "held_out": made.held_out,
    }  # fmt: skip


def run_live(args: argparse.Namespace, board: BoardSpec) -> dict[str, Any]:
    """Calibrate or check on a rig that runs; it is started if it is not."""
    from app.calibration.checking import check_rig
    from app.core.link.hub import Hub
    from app.core.wire.client import DeviceClient, Endpoints

    load_rig(args.rig)
    link = ChildLink("calibrate", args.hub, args.run_id)
    try:
        with Hub() as hub:
            connect = args.connect
            if connect is None:
                connect = str(hub.wait_ready(hub.start("serve", "--rig", args.rig), 200.0)["connect"])
            with DeviceClient(Endpoints.parse(connect)) as client:
                info = client.describe()
                cameras = camera_devices(info.streams)
                if args.camera and args.camera not in cameras:
                    raise UsageError(
                        f"camera {args.camera!r}", f"rig {info.rig!r} has none of that name", options=cameras
                    )
                if args.action == "check":
                    link.ready()
                    report = check_rig(link, client, info, [args.camera] if args.camera else cameras)
                    return {"rig": info.rig, "cameras": report}
                if not args.camera:
                    raise UsageError(
                        "calibrate", "which camera is not said", options=[f"--camera {c}" for c in cameras]
                    )
                return _gather(args, board, link, client, info)
    finally:
        link.close()


def _gather(
    args: argparse.Namespace, board: BoardSpec, link: ChildLink, client: Any, info: ServerInfo
) -> dict[str, Any]:
    """Take views until there are enough (or the window says so), and calibrate."""
    from app.calibration.live import LiveCalibration
    from app.calibration.solve import summary

    known = {camera.name: camera.mount for camera in info.cameras}
    mount = args.mount or known.get(args.camera)
    if mount is None:
        raise UsageError(
            f"camera {args.camera!r}",
            "it is not known where it sits",
            options=["--mount tool", "--mount base"],
        )
    session = LiveCalibration(link, client, info, args.camera, mount, board, args.keep)
    link.ready(camera=args.camera, mount=mount, size=list(session.collection.size))
    session.tell_views()
    deadline, told = time.monotonic() + args.seconds, ""
    while not link.stopping:
        session.step()
        if args.hub is not None:
            continue  # the window decides when it is enough
        advice = session.collection.advice()
        if not advice:
            break
        if advice != told:
            link.notice(f"{len(session.collection.views)} views. {advice}")
            told = advice
        if time.monotonic() > deadline:
            raise CalibrationError(
                f"camera {args.camera!r}", f"no more views came for {args.seconds:g} s: {advice}"
            )
    if args.hub is not None or link.stopping:
        return {"file": session.saved} if session.saved else {"file": ""}
    made = session.solve()
    return {**_result(made), "file": session.save(), "text": summary(made)}
