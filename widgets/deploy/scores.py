"""The scores of a series as they come: a dot per rollout, the mean and its interval."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt

from app.core.statistics import bootstrap_interval
from app.session.take import SUCCESS_SCORE
from widgets.parts.plot import Plot, pen
from widgets.theme.tokens import Theme


class ScorePlot(Plot):
    """Score over the number of the rollout: successes are dots, failures crosses, success begins at the dashed line."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.lock_mouse()
        self.getAxis("bottom").setTickSpacing(5, 1)
        self.getAxis("left").setTickSpacing(0.5, 0.5)
        self.summary = ""
        good = theme.signal("score")
        self._band = pg.LinearRegionItem(
            (0, 0),
            orientation="horizontal",
            movable=False,
            brush=theme.colour("accent", 0.18),
            pen=pen(theme.colour("line", 0.0)),
        )
        self._mean = pg.InfiniteLine(0.0, 0, pen(theme.colour("accent"), 2.0))
        line = pg.InfiniteLine(SUCCESS_SCORE, 0, pen(theme.colour("muted"), 1.0, Qt.PenStyle.DashLine))
        for item in (self._band, self._mean, line):
            self.addItem(item)
        self._kept = self.plotItem.plot(
            pen=None, symbol="o", symbolSize=11, symbolBrush=good, symbolPen=pen(good, 2)
        )
        bad = theme.colour("bad")
        self._failed = self.plotItem.plot(
            pen=None, symbol="x", symbolSize=11, symbolBrush=bad, symbolPen=pen(bad, 2)
        )
        self.show_scores([], [], 1)

    def show_scores(self, scores: list[float], outcomes: list[str], total: int) -> None:
        """Show scores and outcomes (one each per rollout), out of `total`."""
        mean, low, high = bootstrap_interval(scores)
        shown = bool(scores)
        self._band.setVisible(len(scores) > 1)
        self._band.setRegion((low, high))
        self._mean.setVisible(shown)
        self._mean.setValue(mean)
        numbered = list(enumerate(zip(scores, outcomes, strict=True), 1))
        for item, wanted in ((self._kept, True), (self._failed, False)):
            points = [(number, score) for number, (score, how) in numbered if (how == "success") == wanted]
            item.setData([number for number, _ in points], [score for _, score in points])
        self.setXRange(0.5, max(total, len(scores), 1) + 0.5, padding=0.02)
        self.setYRange(min([0.0, *scores]), 1.0, padding=0.06)
        self.summary = summary(scores, mean, low, high)


def summary(scores: list[float], mean: float, low: float, high: float) -> str:
    """Return mean and interval in words."""
    if not scores:
        return "No rollout yet"
    if len(scores) == 1:
        return f"{mean:.2f} (one rollout)"
    return f"mean {mean:.2f}, 95 %: {low:.2f} to {high:.2f}"
