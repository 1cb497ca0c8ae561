"""Control goes before everything ordinary where that is permitted, and what it starts does not."""

from __future__ import annotations

import subprocess
import sys

from app.core.priority import BACKGROUND, CONTROL
from tests.contracts.sources import ROOT

CHILD = """
import os, threading, zmq
from app.core.priority import prefer_control
from app.core.wire.sockets import make_context
context, other = make_context(), zmq.Context()
sockets = [context.socket(zmq.PUSH), other.socket(zmq.PUSH)]
granted = prefer_control()
tasks = [int(task) for task in os.listdir("/proc/self/task")]
fifo = [task for task in tasks if os.sched_getscheduler(task) & 0xFF == os.SCHED_FIFO]
nice = [os.getpriority(os.PRIO_PROCESS, task) for task in tasks if task not in fifo]
late = []
thread = threading.Thread(target=lambda: late.append(os.sched_getscheduler(0) & 0xFF))
thread.start(); thread.join()
ranks = sorted(os.sched_getparam(task).sched_priority for task in fifo)
print(granted, ranks, sorted(nice), late[0] == os.SCHED_OTHER, sep=";")
for socket in sockets: socket.close()
context.term(); other.term()
"""


def test_control_and_its_wires_are_real_time_if_permitted_and_later_threads_are_not() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, capture_output=True, text=True, check=True
    )
    granted, ranks, nice, later = answer.stdout.strip().split(";")
    assert granted in ("realtime", "raised", "ordinary")
    assert later == "True"
    assert ranks == (
        "[10, 20]" if granted == "realtime" else "[]"
    )  # the I/O thread of the wire, and this one
    if granted == "realtime":
        assert nice == str(
            [CONTROL] * 3
        )  # the others of both contexts: they could hold the interpreter's lock


BESIDE = """
import os, threading
from app.core.priority import helpers_lowered, prefer_control
def niceness(thread): return os.getpriority(os.PRIO_PROCESS, thread.native_id)
over, begun = threading.Event(), threading.Event()
def start():
    thread = threading.Thread(target=over.wait); thread.start(); return thread
def draw():
    global helper
    with helpers_lowered():
        helper = start()
    begun.set(); over.wait()
drawer = threading.Thread(target=draw); drawer.start(); begun.wait()
before = niceness(drawer), niceness(helper)
prefer_control()
print(*before, niceness(drawer), niceness(helper))
over.set(); drawer.join(); helper.join()
"""


def test_who_shares_the_interpreter_with_control_is_raised_and_who_was_lowered_stays_so() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", BESIDE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    drawer, helper, drawer_beside, helper_beside = map(int, answer.stdout.split())
    assert drawer == 0
    if drawer_beside == CONTROL:  # permitted here
        assert helper == helper_beside == BACKGROUND
    else:
        assert (helper, drawer_beside, helper_beside) == (0, 0, 0)


HAND = """
import os, subprocess, sys, threading
from app.core.priority import prefer_child, prefer_hand, prefer_window
from app.core.wire.sockets import make_context
prefer_window()
window = os.getpriority(os.PRIO_PROCESS, 0)
context = make_context()
early = threading.Event()
beside = threading.Thread(target=early.wait)
beside.start()
prefer_hand()
here, wires = threading.get_native_id(), [int(task) for task in os.listdir("/proc/self/task")]
late = []
thread = threading.Thread(target=lambda: late.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))
thread.start(); thread.join()
fifo = sum(os.sched_getscheduler(task) & 0xFF == os.SCHED_FIFO for task in wires)
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
born = os.getpriority(os.PRIO_PROCESS, child.pid)
prefer_child(child.pid)
raised = os.getpriority(os.PRIO_PROCESS, child.pid)
child.communicate(b"go")
hand, other = (os.getpriority(os.PRIO_PROCESS, task) for task in (here, beside.native_id))
print(born, raised, window, hand, other, late[0], fifo)
early.set(); beside.join()
context.term()
"""


def test_the_hand_goes_before_the_rest_of_its_window() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", HAND], cwd=ROOT, capture_output=True, text=True, check=True
    )
    born, raised, window, hand, beside, late, fifo = map(int, answer.stdout.split())
    if window < 0:  # permitted here
        assert (born, raised) == (0, window)
        assert hand < beside == window < late == 0
        assert fifo in (0, 1), "the thread of the wire, where real time is permitted"
    else:
        assert hand == beside == late == 0


SESSION = """
from pathlib import Path
from app.core.priority import WINDOW, prefer_session
told = lambda: Path("/proc/self/autogroup").read_text().split()[-1]
try:
    before = told()
except OSError:
    print("no groups by session here")
    raise SystemExit
with prefer_session():
    within = told()
print(before, within, told(), WINDOW)
"""


def test_a_session_is_raised_while_its_window_is_open_and_no_longer() -> None:
    words = [sys.executable, "-c", SESSION]
    answer = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True, start_new_session=True
    )
    if not answer.stdout.startswith("no groups"):
        before, within, after, wanted = answer.stdout.split()
        assert within in (wanted, before), "raised if permitted"
        assert after == before


SETTLED = """
import gc
from app.core.priority import settle_memory
rows = [[] for _ in range(1000)]
settle_memory()
first = gc.get_freeze_count()
more = [[] for _ in range(1000)]
settle_memory()
print(first > 1000, gc.get_freeze_count() <= first, gc.isenabled())
"""


def test_memory_is_settled_once_and_the_collector_goes_on() -> None:
    words = [sys.executable, "-c", SETTLED]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["True", "True", "True"]
