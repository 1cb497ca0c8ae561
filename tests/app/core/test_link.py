"""Parents and children: hello, ready, intents, stop, and what happens when either side dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zmq

from app.core.errors import ProcessError
from app.core.link.hub import MAIN, Hub
from app.core.wire.codec import decode
from app.core.wire.messages import Event
from app.core.wire.sockets import bind, endpoint_of
from tests.faults.window import alive
from tests.hygiene import wait_until

pytestmark = pytest.mark.process


def test_a_child_says_hello_and_ready_and_ends_when_it_is_asked() -> None:
    kinds: list[str] = []
    with Hub(lambda _child, event: kinds.append(event.kind)) as hub:
        child = hub.start("device", "--rig", "sim/wipe", "--fast")
        ready = hub.wait_ready(child, 120.0)
        assert "connect" in ready
        hub.stop(child)
        assert child.process.returncode == 0
    assert kinds[:2] == ["hello", "ready"]
    assert kinds[-1] == "bye"


def test_the_last_words_of_a_dead_child_are_told() -> None:
    with Hub() as hub:
        child = hub.start("device", "--rig", "no/such/rig")
        with pytest.raises(ProcessError, match=r"no/such/rig.*no such rig.*Valid: .*sim/wipe"):
            hub.wait_ready(child, 60.0)


def test_a_child_that_explained_itself_is_quoted_without_a_preamble() -> None:
    with Hub() as hub:
        child = hub.start("serve", "--rig", "no/such/rig")
        with pytest.raises(ProcessError) as failure:
            hub.wait_ready(child, 60.0)
    assert failure.value.sentence().startswith("rig 'no/such/rig': there is no such rig.")


def test_a_killed_child_is_said_to_be_killed() -> None:
    with Hub() as hub:
        child = hub.start("device", "--rig", "sim/wipe", "--fast")
        child.process.kill()
        with pytest.raises(ProcessError, match=r"'device': it was killed by signal 9"):
            hub.wait_ready(child, 60.0)


def test_a_killed_child_is_noticed() -> None:
    with Hub() as hub:
        child = hub.start("device", "--rig", "sim/wipe", "--fast")
        hub.wait_ready(child, 120.0)
        child.process.kill()
        with pytest.raises(ProcessError, match="killed by signal 9"):
            hub.wait_for(child, ("bye",), 30.0)


def test_events_are_numbered_without_gaps() -> None:
    numbers: list[int] = []
    with Hub(lambda _child, event: numbers.append(event.seq)) as hub:
        child = hub.start("serve", "--rig", "sim/wipe", "--fast")
        hub.wait_ready(child, 120.0)
        hub.stop(child)
    assert numbers == list(range(1, len(numbers) + 1))


LOOKS_AND_COMMITS = """
import sys, time
from pathlib import Path
from app.core.link.child import ChildLink
link = ChildLink("test", sys.argv[1], "r")
if sys.argv[2] == "looks":
    link.poll()
Path(sys.argv[3], "there").touch()
{block}
Path(sys.argv[3], "finished").touch()
link.close()
"""
BLOCKS_FOR_EVER = "import ctypes; ctypes.PyDLL(None).pause()"  # in a library, with the interpreter's lock
COMMITS = "while not Path(sys.argv[3], 'go').exists(): time.sleep(0.01)"
PARENT = "import subprocess, sys; subprocess.Popen([sys.executable, *sys.argv[1:]]).wait()"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel elsewhere does not tell")
@pytest.mark.parametrize("looks", [False, True])
def test_a_child_that_blocks_before_it_first_looks_goes_with_its_parent(tmp_path: Path, looks: bool) -> None:
    """One that has looked once goes on: it may be in the middle of a commit, and will see for itself."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = bind(context, zmq.ROUTER)
    code = LOOKS_AND_COMMITS.format(block=COMMITS if looks else BLOCKS_FOR_EVER)
    words = ["-c", code, endpoint_of(socket), "looks" if looks else "never", str(tmp_path)]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *words], cwd=MAIN.parent)
    wait_until((tmp_path / "there").exists, 20.0, "the child")
    assert socket.poll(10_000)
    child = int(decode(Event, socket.recv_multipart()[1]).body["pid"])
    parent.kill()
    parent.wait()
    if looks:
        (tmp_path / "go").touch()
        wait_until((tmp_path / "finished").exists, 10.0, "the end of what it was at")
    wait_until(lambda: not alive(child), 10.0, "the end of the child")
    assert (tmp_path / "finished").exists() == looks
    socket.close()
    context.term()


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = bind(context, zmq.ROUTER)
    words = ["serve", "--rig", "sim/wipe", "--fast", "--hub", endpoint_of(socket), "--run-id", "r"]
    parent = subprocess.Popen([sys.executable, str(MAIN), *words], stderr=subprocess.DEVNULL)
    try:
        while decode(Event, socket.recv_multipart()[1]).kind != "ready":
            pass
        found = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True, check=True)
        device = int(found.stdout.split()[0])
        descriptor = os.pidfd_open(device)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        poller = zmq.Poller()
        poller.register(descriptor, zmq.POLLIN)  # readable when the process has ended
        assert poller.poll(15_000), "the device server outlived its parent"
        os.close(descriptor)
    finally:
        socket.close()
        context.term()


def test_a_mute_link_needs_no_parent(capsys: pytest.CaptureFixture[str]) -> None:
    from app.core.link.child import ChildLink

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        link = ChildLink("test")
        link.notice("The lamp is on.")
        assert link.poll() == []
        begun = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)
        link.poll()
        assert link.stopping
        assert "SIGTERM" in link.why_stopping
        assert time.monotonic() >= begun
        link.close()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert "The lamp is on." in capsys.readouterr().err
