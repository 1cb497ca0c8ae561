"""Takes that a dead recorder left behind: each journal becomes an episode, or is set aside with a reason.

Whoever calls this holds the folder's lock. A second call finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.core.errors import TouchstoneError
from recorders.commit import commit
from recorders.files import JOURNAL_SUFFIX, PART_SUFFIX, episodes_of, journals_of, publish

UNREADABLE_SUFFIX = ".unreadable"


@dataclass
class Recovery:
    """What was found: episodes that were made, and what could not be done, as sentences for the person."""

    files: list[Path] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def recover(folder: Path, alive: Callable[[], object] = lambda: None) -> Recovery:
    """Make episodes of all journals in a data folder.

    Args:
        folder: Data folder whose lock the caller holds.
        alive: Called between journals, so that a parent hears that this process lives.
    """
    found = Recovery()
    for part in episodes_of(folder).glob(f".*{PART_SUFFIX}"):
        part.unlink(missing_ok=True)  # never the only copy: its journal is still there
    for journal in sorted(journals_of(folder).glob(f"*{JOURNAL_SUFFIX}")):
        alive()
        _recover_one(folder, journal, found)
    return found


def _recover_one(folder: Path, journal: Path, found: Recovery) -> None:
    if not _begins_as_journal(journal):
        _set_aside(journal, found)
        return
    try:
        committed = commit(folder, journal)
    except TouchstoneError as error:
        found.problems.append(error.sentence())
        return
    except OSError as error:
        found.problems.append(
            f"journal {journal}: it could not be read ({error.strerror or error}). It is kept."
        )
        return
    if committed is None:
        found.notices.append(
            f"Take {journal.stem}: it had ended before its first sample; nothing was there to recover."
        )
        return
    found.files.append(committed.path)
    found.notices.append(
        f"Take {journal.stem}: recovered {committed.seconds:.1f} s ({sum(committed.streams.values())} samples) as "
        f"{committed.outcome}. Up to 0.1 s at its end may be missing; see it in Review."
    )


def _begins_as_journal(journal: Path) -> bool:
    with journal.open("rb") as stream:
        return stream.read(5) == b"\x89MCAP"


def _set_aside(journal: Path, found: Recovery) -> None:
    if journal.stat().st_size == 0:
        journal.unlink()
        found.notices.append(
            f"Take {journal.stem}: it had ended before anything was written; nothing was there to recover."
        )
        return
    aside = journal.with_name(journal.name + UNREADABLE_SUFFIX)
    publish(journal, aside)
    found.problems.append(
        f"journal {journal}: it does not begin as a journal does. It was set aside as {aside}."
    )
