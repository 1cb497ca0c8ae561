"""A program that dies at the file operations of a commit in turn, and looks at what is left. Run by test_recovery.

It forks, so it must be a process of its own without threads.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recorders.commit import commit
from recorders.files import episode_path, journal_path
from recorders.reader import EpisodeFile
from recorders.recovery import recover

OPERATIONS = ("pwrite", "ftruncate", "fsync", "replace", "unlink", "open")
DIED, DONE = 77, 0


def die_at(number: int) -> None:
    """Make this process end, without a word, just before its `number`-th file operation."""
    left = [number]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                os._exit(DIED)
            return real(*arguments, **named)

        return operation

    for name in OPERATIONS:
        setattr(os, name, counted(getattr(os, name)))


def try_once(folder: Path, journal: Path, number: int) -> bool:
    """Commit in a child that dies at operation `number`; returns whether it came to its end before."""
    child = os.fork()
    if child == 0:
        die_at(number)
        commit(folder, journal)
        os._exit(DONE)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (DIED, DONE), status
    return status == DONE


def main(source: Path, work: Path, stride: int) -> int:
    """Die at every `stride`-th operation; returns the number of places."""
    uuid = source.stem
    number = tried = 0
    while True:
        folder = work / str(number)
        journal = journal_path(folder, uuid)
        journal.parent.mkdir(parents=True)
        shutil.copy(source, journal)
        done = try_once(folder, journal, number)
        final = episode_path(folder, uuid)
        assert final.exists() or journal.exists()
        if final.exists():  # under its final name it is whole, whenever it is looked at
            with EpisodeFile(final) as episode:
                assert not episode.problems(), number
        recover(folder)
        with EpisodeFile(final) as episode:
            assert not episode.problems(), number
            assert len(episode.times_ns("arm/joints")) == 50, number
            assert episode.attributes["outcome"] == "success"
        assert [path.name for path in final.parent.iterdir()] == [final.name], number
        assert not list(journal.parent.iterdir()), number
        assert not recover(folder).files
        shutil.rmtree(folder)
        if done:
            return tried
        number, tried = number + stride, tried + 1


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
