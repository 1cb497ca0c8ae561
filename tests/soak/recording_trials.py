"""Trials of the recorder in full, with the real role in a process of its own. Used by test_recording_table.py."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from app.core.ids import new_uuid
from app.core.link.hub import Child, Hub
from recorders.files import journal_path
from recorders.journal import JournalWriter
from recorders.library import list_episodes
from recorders.reader import EpisodeFile
from recorders.records import TAKE_SCHEMA_VERSION, StopRecord
from recorders.recovery import recover
from tests.contracts.sources import ROOT
from tests.hygiene import wait_until
from tests.recorders.crash_take import pass_time
from tests.recorders.fake_device import PERIOD_NS, FakeDevice, Signals
from tests.recorders.takes import take_record

STALLING = """
import os, sys, time
real = os.fdatasync
os.fdatasync = lambda handle: (time.sleep(2.0), real(handle))[1]
import main
sys.exit(main.main(sys.argv[2:]))
"""
READING = """
import sys
from recorders.library import list_episodes
from recorders.reader import EpisodeFile
count = 0
print("ready", flush=True)
while not sys.stdin.closed:
    for row in list_episodes(sys.argv[1]):
        assert not row.broken, row.broken
        with EpisodeFile(row.path) as episode:
            assert episode.problems() == [], row.path
            count += 1
    print(count, flush=True)
"""


def start(hub: Hub, device: FakeDevice, folder: Path, python: tuple[str, ...] = (sys.executable,)) -> Child:
    """Start a recorder on a folder."""
    child = hub.start(
        "record",
        "--connect",
        device.endpoints.text(),
        "--data",
        str(folder),
        "--floor-mb",
        "20",
        python=python,
    )
    hub.wait_ready(child)
    return child


def begin(hub: Hub, recorder: Child) -> str:
    """Start a take and wait until it runs."""
    uuid = new_uuid()
    hub.intent(recorder, "take_start", take=uuid, meta={})
    hub.wait_for(recorder, ("state",), 30, name="recording", take=uuid)
    return uuid


def end(hub: Hub, recorder: Child, uuid: str) -> dict[str, object]:
    """Stop a take and return what the recorder says of it."""
    hub.intent(recorder, "take_stop", outcome="success", until_ns=0, meta={})
    return dict(hub.wait_for(recorder, ("state",), 60, name="saved", take=uuid).body)


def record_with_stalls(folder: Path, work: Path, seconds: float) -> int:
    """Record with a disk that needs 2 s for each sync; returns how many samples were lost."""
    script = work / "stalling.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{STALLING}")
    with Hub() as hub, FakeDevice(lockstep=False) as device:
        # the script stands where python stands; main.py is its first argument
        recorder = start(hub, device, folder, (sys.executable, str(script)))
        uuid = begin(hub, recorder)
        pause(hub, seconds)
        return int(str(end(hub, recorder, uuid)["dropped"]))


def pause(hub: Hub, seconds: float) -> None:
    """Let time pass with the children heard."""
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        hub.poll(20)


def record_with_reader(folder: Path, takes: int, seconds: float) -> tuple[int, int]:
    """Record while another process reads everything all the time; returns (samples lost, episodes read)."""
    with Hub() as hub, FakeDevice(lockstep=False) as device:
        recorder = start(hub, device, folder)
        command = [sys.executable, "-c", READING, str(folder)]
        reader = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said: list[str] = []
        assert reader.stdout is not None
        listener = threading.Thread(target=lambda: said.extend(reader.stdout or []))
        listener.start()
        lost = 0
        try:
            for _ in range(takes):
                uuid = begin(hub, recorder)
                pause(hub, seconds)
                lost += int(str(end(hub, recorder, uuid)["dropped"]))
            torn = reader.poll()
        finally:
            reader.terminate()
            listener.join()
            errors = reader.stderr.read() if reader.stderr else ""
            reader.communicate()
        assert torn is None, errors
        return lost, int(said[-1]) if said and said[-1].strip().isdigit() else 0


PARENT = """
import sys
from app.core.link.hub import Hub
with Hub() as hub:
    child = hub.start("record", "--connect", sys.argv[1], "--data", sys.argv[2], "--floor-mb", "20")
    hub.wait_ready(child)
    hub.intent(child, "take_start", take=sys.argv[3], meta={})
    hub.wait_for(child, ("state",), 30, name="recording")
    print(child.process.pid, flush=True)
    import time
    stop = time.monotonic() + float(sys.argv[4])
    while True:
        hub.poll(10)
        if time.monotonic() > stop:
            hub.intent(child, "take_stop", outcome="success", until_ns=0, meta={})
            stop = float("inf")
"""


def exit_while_saving(folder: Path, how: str, after_s: float) -> None:
    """End the program around a recorder that records or saves; the take must be an episode, now or at the next start.

    Args:
        how: window (the parent is killed), terminate (SIGTERM to both), logout (SIGHUP to both).
        after_s: From the take's beginning; it is stopped after 0.3 s.
    """
    uuid = new_uuid()
    with FakeDevice(lockstep=False) as device:
        command = [sys.executable, "-c", PARENT, device.endpoints.text(), str(folder), uuid, "0.3"]
        parent = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert parent.stdout is not None
        recorder = int(parent.stdout.readline())
        pass_time(after_s)
        if how == "window":
            parent.kill()
        else:
            number = signal.SIGTERM if how == "terminate" else signal.SIGHUP
            for pid in (recorder, parent.pid):
                os.kill(pid, number)
        parent.wait(timeout=60)
        parent.stdout.close()
        wait_gone(recorder, 60.0)
    recover(folder)
    with EpisodeFile(folder / "episodes" / f"{uuid}.h5") as episode:
        assert episode.problems() == []
        assert len(episode.times_ns("arm/joints")) > 0


def wait_gone(pid: int, timeout_s: float) -> None:
    """Wait until a process has ended."""
    path = Path(f"/proc/{pid}/cmdline")
    wait_until(lambda: not path.exists() or not path.read_bytes(), timeout_s, f"the end of process {pid}")


def recovery_s_per_gb(folder: Path, megabytes: int) -> float:
    """Return how long recovery takes, per GB, of a take of four cameras and numbers that a dead recorder left."""
    uuid = new_uuid()
    journal = JournalWriter(journal_path(folder, uuid), take_record(uuid))
    signals, picture = Signals(), os.urandom(60_000)
    period = 0
    while journal.size < megabytes * 1_000_000:
        period += 1
        for topic, header, buffer in signals.next_period(period * PERIOD_NS):
            data = picture if topic == "scene/color" else buffer
            journal.append(topic, header, data, period * PERIOD_NS)
        if period % 5 == 0:
            journal.sync()
    journal.sync()
    journal.abandon()
    size = journal_path(folder, uuid).stat().st_size
    begun = time.monotonic()
    found = recover(folder)
    passed = time.monotonic() - begun
    assert len(found.files) == 1
    assert recover(folder).files == []
    assert list_episodes(folder)[0].recovered
    return passed / (size * 1e-9)


def strace_kinds(folder: Path, log: Path) -> set[str]:
    """Commit a take under strace; returns the kinds of system calls that changed something in the folder."""
    journal = JournalWriter(journal_path(folder, "traced"), take_record("traced"))
    for topic, header, buffer in Signals().next_period(PERIOD_NS):
        journal.append(topic, header, buffer, PERIOD_NS)
    journal.finish(StopRecord(TAKE_SCHEMA_VERSION, "success", PERIOD_NS, PERIOD_NS, {}))
    source = journal_path(folder, "traced")
    code = (
        "from pathlib import Path; from recorders.commit import commit; "
        f"commit(Path({str(folder)!r}), Path({str(source)!r}))"
    )
    calls = (
        "write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fsync,fdatasync,rename,renameat,renameat2,unlink,"
        "unlinkat,mkdir,fallocate,copy_file_range,sendfile,mmap"
    )
    command = ["strace", "-f", "-y", "-e", f"trace={calls}", "-o", str(log), sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    found = set()
    for line in log.read_text(errors="replace").splitlines():
        match = re.search(r"\b([a-z0-9_]+)\(", line)
        if match and str(folder) in line and not ("mmap(" in line and "PROT_WRITE" not in line):
            found.add(match.group(1))
    return found
