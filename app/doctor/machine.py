"""Looks at processors, memory, room on the disk and the loopback network."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from app.doctor.finding import Finding, Verdict

# Four hours of demonstrations: an episode of the wipe task with two cameras takes some ten megabytes a minute.
COMFORTABLE_BYTES = 5 * 10**9
NEEDED_BYTES = 5 * 10**8
WIRE_TIMEOUT_S = 2.0


def look(folder: Path) -> list[Finding]:
    """Return the findings about the machine; `folder` is where data goes."""
    return [find_processors(), find_memory(), find_disk(folder), find_loopback()]


def find_processors() -> Finding:
    """Return how many processors this process may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if count >= 2:
        return Finding("processors", Verdict.OK, f"{count} usable")
    way_out = "Give the machine a second one: simulator and window share it otherwise, and both stutter"
    return Finding("processors", Verdict.LIMITED, "1 usable, 2 are needed for real time", way_out)


def find_memory() -> Finding:
    """Return how much memory the machine has."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return Finding("memory", Verdict.LIMITED, "this system does not tell how much there is")
    words = f"{total / 1e9:.0f} GB"
    if total >= 6e9:
        return Finding("memory", Verdict.OK, words)
    return Finding(
        "memory", Verdict.LIMITED, f"{words}, 8 GB are comfortable", "Close other programs while training"
    )


def find_disk(folder: Path) -> Finding:
    """Return whether `folder`, or the nearest folder above it that exists, can be written and has room."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        way_out = "Choose another folder with `--data`, or change its permissions"
        return Finding("data folder", Verdict.MISSING, f"{folder} cannot be written", way_out)
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:.1f} GB free at {folder}"
    if free >= COMFORTABLE_BYTES:
        return Finding("data folder", Verdict.OK, words)
    verdict = Verdict.LIMITED if free >= NEEDED_BYTES else Verdict.MISSING
    return Finding("data folder", verdict, words, "Free some space, or choose another folder with `--data`")


def find_loopback() -> Finding:
    """Return whether two sockets of this machine hear each other over the loopback network, as our processes do."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(WIRE_TIMEOUT_S)
            with socket.create_connection(server.getsockname(), timeout=WIRE_TIMEOUT_S) as caller:
                called, _ = server.accept()
                with called:
                    called.settimeout(WIRE_TIMEOUT_S)
                    caller.sendall(b"ping")
                    if called.recv(4) != b"ping":
                        raise OSError("a message did not arrive whole")
    except OSError as error:
        way_out = "Allow connections to 127.0.0.1 in your firewall or sandbox"
        return Finding(
            "loopback ports", Verdict.MISSING, f"processes cannot reach each other: {error}", way_out
        )
    return Finding("loopback ports", Verdict.OK, "processes can reach each other")
