"""What was deployed before: a row per recorded rollout, the newest first."""

from __future__ import annotations

from pathlib import Path

from app.core.episodes import EpisodeRow
from widgets.context import WindowContext
from widgets.parts.library import Library
from widgets.parts.table import Table

COLUMNS = ("Run", "Seed", "Score", "Outcome", "Time")
MOST = 200


class Rollouts(Table):
    """Rows of the project's folder of rollouts."""

    def __init__(self, context: WindowContext, library: Library) -> None:
        super().__init__(
            context.theme, COLUMNS, 0, (1, 2, 4), "Rollouts are listed here; see them in Review (Ctrl+2)."
        )
        self._context, self._library = context, library
        self.setAccessibleName("Rollouts")

    def refresh(self) -> None:
        """List the folder again."""
        self._library.list(self._context.project.rollouts, self._on_listed)

    def _on_listed(self, items: list[EpisodeRow], error: str) -> None:
        if error:
            self._context.notifications.error(error, "deploy")
        shown = list(reversed(items))[:MOST]
        self.setRowCount(len(shown))
        for number, item in enumerate(shown):
            score = "–" if item.score is None else f"{item.score:.2f}"
            colour = "good" if item.outcome == "success" else "bad"
            texts = (run_of(item), str(item.seed), score, item.outcome or "broken", f"{item.seconds:.1f} s")
            self.put(number, texts, {3: self.theme.colour(colour)}, item.broken or item.path)


def run_of(item: EpisodeRow) -> str:
    """Return the name of the run that drove; of a baseline, who did."""
    checkpoint = str((item.provenance or {}).get("checkpoint", ""))
    return Path(checkpoint).name if checkpoint else item.operator or "–"
