"""What the reader answers, command by command. Pure in the sense that no socket is in sight; files are.

The commands themselves are methods named `on_…` of the classes that `Answers` makes, each with the folder
first; a new subject is a new class there.
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
        rooms: tuple[object, ...] = (
            ListAnswers(self.listings),
            LabelAnswers(),
            LibraryAnswers(),
            EpisodeAnswers(self.shelf),
            MomentAnswers(self.shelf),
            PhaseAnswers(self.shelf),
            QualityAnswers(self.listings),
        )
        self._commands: dict[str, Callable[..., Any]] = {  # looked up at each picture, so made once
            each[3:]: getattr(room, each) for room in rooms for each in dir(room) if each.startswith("on_")
        }

    def answer(self, name: str, arguments: dict[str, Any]) -> Any:
        """Return the answer to one command.

        Raises:
            EpisodeError: Whatever is wrong with command or episode.
        """
        if name not in self._commands:
            raise EpisodeError(f"command {name!r}", "it is unknown", options=sorted(self._commands))
        rest = dict(arguments)
        folder = self.folder
        try:
            folder = Path(rest.pop("data", None) or self.folder)
            return self._commands[name](folder, **rest)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise EpisodeError(f"command {name!r}", f"it cannot be answered as asked ({error})") from error
        except OSError as error:
            raise EpisodeError(
                f"data folder {folder}", f"it cannot be read ({error.strerror or error})"
            ) from error

    def close(self) -> None:
        """Close all files."""
        self.shelf.close()
