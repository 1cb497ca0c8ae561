"""Role `window`: makes the application, the context and the window, and runs until it is closed."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any

from app.core.allocator import return_large_blocks
from app.core.errors import DeviceError
from app.core.priority import prefer_hand, prefer_session, prefer_window
from app.core.rig import load_rig
from app.core.wire.client import Endpoints
from app.setup.display import find_display

SWITCH_S = 0.001  # the Qt thread waits no longer for the interpreter's lock when another thread computes
THEME_NAMES = ("dark", "light")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `window`."""
    parser.add_argument("--rig", default="sim/wipe", help="name of a rig, or path of a rig file")
    parser.add_argument("--connect", help="STREAMS,COMMANDS of a running serve, here or on another machine")
    parser.add_argument(
        "--data", type=Path, default=None, help="project folder; the one in your documents by default"
    )
    parser.add_argument(
        "--theme", choices=THEME_NAMES, default=None, help="dark by default, then what was used last"
    )


def check_display() -> None:
    """Refuse to open a window where there is no screen.

    Raises:
        DeviceError: With the way out, instead of the abort of the toolkit.
    """
    found, words = find_display()
    if not found:
        raise DeviceError(
            "display",
            f"no window can be opened here ({words})",
            way_out="Run `make demo`: it goes through the whole loop without a display",
        )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Open the window and stay until it is closed."""
    prefer_window()
    load_rig(args.rig)  # a wrong name fails before anything opens
    elsewhere = Endpoints.parse(args.connect) if args.connect else None
    check_display()
    from widgets.session import open_session

    application = make_application()
    session = open_session(args.rig, args.data, args.theme, elsewhere=elsewhere)
    signal.signal(signal.SIGINT, lambda *_: session.window.close())
    signal.signal(signal.SIGTERM, lambda *_: session.window.close())
    try:
        with prefer_session():
            session.window.show()
            settle_window()
            application.exec()
    finally:
        session.close()
    return {}


def settle_window() -> None:
    """Do what waits until everything is open: the hand goes first, and the collector searches less.

    A long collection would drop the hand.
    """
    prefer_hand()
    gc.collect()
    gc.freeze()


def make_application() -> Any:
    """Return the QApplication, made with our settings; the one that exists if there is one."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    existing = QApplication.instance()
    if existing is not None:
        return existing
    return_large_blocks()
    os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.xcb.warning=false")
    QApplication.setAttribute(
        Qt.ApplicationAttribute.AA_DontUseNativeDialogs
    )  # Esc must reach us over every dialog
    application = QApplication([sys.argv[0]])
    application.setApplicationName("touchstone")
    sys.setswitchinterval(SWITCH_S)
    application.setStyle("Fusion")
    return application
