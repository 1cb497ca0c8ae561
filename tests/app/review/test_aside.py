"""A change of many episodes runs aside: questions are answered meanwhile, other changes wait their turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION, Command, Reply
from app.core.wire.sockets import bind, connect, endpoint_of
from app.review.answers import Answers
from app.review.aside import LONG, WRITING
from app.review.reader import serve
from recorders.sheets import read_labels

WAIT_MS = 20_000


class Held(Answers):
    """Answers of whose commands one begins only when it is let go."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.held = "reject"
        self.go = threading.Event()

    def answer(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == self.held:
            assert self.go.wait(WAIT_MS / 1000)
        return super().answer(name, arguments)


class Stopper:
    """As much of a link as `serve` asks for."""

    stopping = False

    def poll(self) -> None:
        """Nothing comes."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Held, zmq.Socket[bytes]]]:
    answers, link = Held(tmp_path), Stopper()
    context: zmq.Context[zmq.Socket[bytes]]
    with zmq.Context() as context, bind(context, zmq.ROUTER) as router:
        thread = threading.Thread(target=serve, args=(router, answers, link))
        with connect(context, zmq.DEALER, endpoint_of(router)) as socket:
            thread.start()
            yield answers, socket
            answers.go.set()
            link.stopping = True
            thread.join(WAIT_MS / 1000)
    answers.close()


def ask(socket: zmq.Socket[bytes], number: int, name: str, **arguments: Any) -> None:
    socket.send(encode(Command(SCHEMA_VERSION, number, name, arguments)))


def heard(socket: zmq.Socket[bytes]) -> int:
    assert socket.poll(WAIT_MS)
    reply = decode(Reply, socket.recv())
    assert reply.ok, reply.error
    return reply.id


def test_questions_are_answered_while_a_long_change_runs_and_changes_wait(
    served: tuple[Held, zmq.Socket[bytes]], tmp_path: Path
) -> None:
    answers, socket = served
    uuids = [f"e{number}" for number in range(5)]
    ask(socket, 1, "reject", episodes=uuids)
    ask(socket, 2, "change", episode="e3", change={"notes": "after"})
    ask(socket, 3, "labels", episode="e3")
    assert heard(socket) == 3
    answers.go.set()
    assert [heard(socket), heard(socket)] == [1, 2]
    sheet = read_labels(tmp_path, "e3")
    assert [(each.rejected, each.notes) for each in sheet.states] == [
        (False, ""),
        (True, ""),
        (True, "after"),
    ]
    ask(socket, 4, "change", episode="e3", change={"notes": "at once"})
    assert heard(socket) == 4


def test_questions_are_answered_while_a_step_over_many_is_taken_back(
    served: tuple[Held, zmq.Socket[bytes]], tmp_path: Path
) -> None:
    answers, socket = served
    answers.held = "undo"
    ask(socket, 1, "reject", episodes=["e0", "e1", "e2"])
    assert heard(socket) == 1
    ask(socket, 2, "undo", episode="e1")
    ask(socket, 3, "redo", episode="e2")
    ask(socket, 4, "undo", episode="e0")
    ask(socket, 5, "labels", episode="e0")
    assert heard(socket) == 5
    assert read_labels(tmp_path, "e0").labels.rejected
    answers.go.set()
    assert [heard(socket) for _ in range(3)] == [2, 3, 4]
    assert [read_labels(tmp_path, uuid).at for uuid in ("e0", "e1", "e2")] == [0, 0, 0]


def test_every_command_that_writes_labels_is_known_to_write(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    asking = {"list", "changes", "describe", "labels", "series", "times", "frame", "frames", "moment", "phases",
              "field", "touch", "thumbnail", "paths", "quality", "watch", "statistics"}  # fmt: skip
    assert set(answers._commands) - WRITING == asking
    assert LONG < WRITING
    answers.close()
