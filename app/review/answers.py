"""What the reader answers, command by command. Pure in the sense that no socket is in sight; files are.

The commands themselves are methods named `on_…` of the classes in `Answers.rooms`; a new subject is a new class there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.core.errors import EpisodeError
from app.review.episode_answers import EpisodeAnswers
from app.review.label_answers import LabelAnswers
from app.review.library_answers import LibraryAnswers
from app.review.list_answers import ListAnswers
from app.review.moment_answers import MomentAnswers
from app.review.phase_answers import PhaseAnswers
from app.review.quality_answers import QualityAnswers
from app.review.shelf import Shelf
from recorders.listing import Listings


class Answers:
    """Answers questions about the episodes of a folder; every question may name another with `data`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listings = Listings(quality=True)
        self.shelf = Shelf(self.listings)
        self.rooms: tuple[object, ...] = (
            ListAnswers(self.listings),
            LabelAnswers(),
            LibraryAnswers(),
            EpisodeAnswers(self.shelf),
            MomentAnswers(self.shelf),
            PhaseAnswers(self.shelf),
            QualityAnswers(self.listings),
        )

    def answer(self, name: str, arguments: dict[str, Any]) -> Any:
        """Return the answer to one command.

        Raises:
            EpisodeError: Whatever is wrong with command or episode.
        """
        commands = self.commands()
        if name not in commands:
            raise EpisodeError(f"command {name!r}", "it is unknown", options=sorted(commands))
        rest = dict(arguments)
        folder = self.folder
        try:
            folder = Path(rest.pop("data", None) or self.folder)
            return commands[name](folder, **rest)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise EpisodeError(f"command {name!r}", f"it cannot be answered as asked ({error})") from error
        except OSError as error:
            raise EpisodeError(
                f"data folder {folder}", f"it cannot be read ({error.strerror or error})"
            ) from error

    def commands(self) -> dict[str, Callable[..., Any]]:
        """Return the commands of all rooms by name; each takes the folder first."""
        return {
            each[3:]: getattr(room, each)
            for room in self.rooms
            for each in dir(room)
            if each.startswith("on_")
        }

    def close(self) -> None:
        """Close all files."""
        self.shelf.close()
