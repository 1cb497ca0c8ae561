"""Runs the role `unpack` over a foreign set, again from the next episode when it dies of one. Used by `import`."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.core.errors import EpisodeError
from app.core.link.hub import MAIN

TICK_S = 0.2
OPENING = -1
REASONS = {
    signal.SIGXCPU: "it took more processor time than it may",
    signal.SIGKILL: "it was killed: too much processor time or memory",
    signal.SIGSEGV: "the library that reads it crashed (SIGSEGV)",
    signal.SIGABRT: "the library that reads it crashed (SIGABRT)",
    signal.SIGBUS: "the library that reads it crashed (SIGBUS)",
    signal.SIGFPE: "the library that reads it crashed (SIGFPE)",
}


class Unpacking:
    """One reading process after the other.

    Args:
        words: Arguments of `unpack` but `--first`.
        silence_s: Longest time without a line before the process is killed.
        alive: Called a few times a second; may raise to end everything.
    """

    def __init__(self, words: list[str], silence_s: float, alive: Callable[[], None]) -> None:
        self._words, self._silence_s, self._alive = words, silence_s, alive
        self._at, self._total, self._ended = OPENING, -1, False

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what the processes tell; a death becomes {"refused": reason}.

        Raises:
            EpisodeError: If the set cannot even be opened.
        """
        first = 0
        while True:
            self._at = OPENING
            words = [*self._words, "--first", str(first)]
            why = ""
            for line in self._one(words):
                if "died" in line:
                    why = why or str(line["died"])
                else:
                    yield line
            if self._ended or 0 <= self._total <= self._at:
                return
            if self._at == OPENING:
                raise EpisodeError(self._words[0], why or "the process that reads it ended without a word")
            yield {
                "refused": f"{self._words[0]}, episode {self._at}: {why or 'the process that reads it ended'}."
            }
            first = self._at + 1
            if 0 <= self._total <= first:
                return

    def _one(self, words: list[str]) -> Iterator[dict[str, Any]]:
        command = [sys.executable, str(MAIN), "unpack", *words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        try:
            yield from self._follow(process)
            yield {"died": self._cause(process)}
        finally:
            process.kill()
            process.communicate()

    def _follow(self, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
        """Yield the lines of one process until it ends; kill it when it is silent for too long."""
        assert process.stdout is not None
        pending, heard = b"", time.monotonic()
        os.set_blocking(process.stdout.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                self._alive()
                if not selector.select(TICK_S):
                    if time.monotonic() - heard > self._silence_s:
                        process.kill()
                        yield {"died": f"it was read for {self._silence_s:g} s without an end"}
                        return
                    continue
                data = process.stdout.read(65536)
                if not data:
                    return
                heard = time.monotonic()
                *whole, pending = (pending + data).split(b"\n")
                for line in whole:
                    yield from self._understand(line)

    def _understand(self, data: bytes) -> Iterator[dict[str, Any]]:
        try:
            line = json.loads(data)
        except ValueError:
            return
        if not isinstance(line, dict):
            return
        self._at = int(line.get("begin", self._at))
        self._total = int(line.get("opened", self._total))
        self._ended = self._ended or "end" in line
        if line.keys() & {"kept", "refused"}:
            self._at += 1  # what was told is done: a death from here on is the next one's
        if line.keys() & {"opened", "kept", "refused"}:
            yield line

    def _cause(self, process: subprocess.Popen[bytes]) -> str:
        """Return why a process ended, from its status and its last words."""
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace").strip().splitlines()
        status = process.wait()
        if status < 0:
            number = signal.Signals(-status)
            return REASONS.get(number, f"the process that reads it ended by {number.name}")
        return said[-1].rstrip(".") if said else f"the process that reads it ended with status {status}"


def unpack_words(path: Path, staging: Path, args: Namespace) -> list[str]:
    """Return the arguments of `unpack` from those of `import`."""
    words = [str(path), "--format", args.format, "--staging", str(staging)]
    words += ["--memory-mb", str(args.memory_mb), "--cpu-s", str(args.cpu_s)]
    words += ["--topics", str(args.topics)] if args.topics else []
    return [*words, "--rate", str(args.rate)] if args.rate else words
