"""Role `read`: a resident process that opens episodes for the window, which never touches HDF5 itself.

A ROUTER answers `Command`s with `Reply`s (`resources/help/protocols.md`, "Reader"); `app.review.answers` knows what.
Changes of many episodes run aside (`app.review.aside`), so that their replies may come after those of later questions.
A broken or hostile file costs one error reply, at worst this process, never the window; its memory is limited.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import zmq

from app.core.errors import TouchstoneError, WireError
from app.core.link.child import ChildLink
from app.core.project import demonstrations_folder
from app.core.wire.codec import decode, encode
from app.core.wire.messages import MAX_MESSAGE_BYTES, SCHEMA_VERSION, Command, Reply
from app.core.wire.sockets import bind, endpoint_of
from app.exchange.limits import Limits
from app.review.answers import Answers
from app.review.aside import Aside

POLL_MS = 20
BUSY_MS = 5  # while a change of many episodes runs aside
LINK_EVERY = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `read`."""
    parser.add_argument("--data", type=Path, default=None, help="data folder; a command may name another")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Answer until stopped; returns how many questions came."""
    Limits(cpu_s=None, files=1024).apply()
    link = ChildLink("read", args.hub, args.run_id)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    answers = Answers(args.data or demonstrations_folder())
    socket = bind(context, zmq.ROUTER)
    try:
        endpoint = endpoint_of(socket)
        link.ready(endpoint=endpoint, data=str(answers.folder))
        if args.hub is None:
            link.notice(f"answers at {endpoint}")
        result = {"answered": serve(socket, answers, link), "endpoint": endpoint}
        link.send("result", **result)
        return result
    finally:
        socket.close()
        context.term()
        answers.close()
        link.close()


def serve(socket: zmq.Socket[bytes], answers: Answers, link: ChildLink) -> int:
    """Answer what comes until the link stops; returns how many questions were answered."""
    answered = 0
    aside = Aside()
    try:
        while not link.stopping:
            link.poll()
            for sender, reply in aside.replies():
                socket.send_multipart([sender, encoded(reply)])
                answered += 1
            if socket.poll(BUSY_MS if aside.busy else POLL_MS):
                answered += answer_waiting(socket, answers, aside)
    finally:
        aside.close()
    return answered


def answer_waiting(socket: zmq.Socket[bytes], answers: Answers, aside: Aside) -> int:
    """Answer what waits, at most `LINK_EVERY` messages, or have it answered aside; returns how many were answered.

    What is no command of ours gets no reply, since nobody could match it.
    """
    answered = 0
    for _ in range(LINK_EVERY):
        try:
            frames = socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            break
        try:
            command = decode(Command, frames[-1])
        except WireError:
            continue
        if aside.takes(command.name):
            aside.submit(frames[0], partial(answer, answers, command))
        else:
            socket.send_multipart([frames[0], encoded(answer(answers, command))])
            answered += 1
    return answered


def answer(answers: Answers, command: Command) -> Reply:
    """Return the reply to a command. No question may end this process, so whatever goes wrong is an error reply."""
    try:
        return Reply(SCHEMA_VERSION, command.id, True, answers.answer(command.name, command.arguments))
    except TouchstoneError as error:
        return Reply(SCHEMA_VERSION, command.id, False, error=error.sentence())
    except Exception as error:  # noqa: BLE001
        text = (
            f"The reader failed over {command.name!r} ({type(error).__name__}: {error}). Please report this."
        )
        return Reply(SCHEMA_VERSION, command.id, False, error=text)


def encoded(reply: Reply) -> bytes:
    """Return a reply as bytes; one that cannot be sent becomes an error that says so."""
    try:
        data = encode(reply)
    except (TypeError, ValueError, OverflowError) as error:
        return encode(Reply(SCHEMA_VERSION, reply.id, False, error=f"The answer cannot be sent ({error})."))
    if len(data) > MAX_MESSAGE_BYTES:
        text = f"The answer has {len(data)} bytes; {MAX_MESSAGE_BYTES} can be sent. Ask for fewer points."
        return encode(Reply(SCHEMA_VERSION, reply.id, False, error=text))
    return data
