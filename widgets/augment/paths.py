"""The perturbed motions over their demonstrations, from above and from the side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.parts.plot import Plot, pen
from widgets.parts.readout import Readout
from widgets.parts.text import label
from widgets.theme.tokens import Theme

SHOWN, DRAWN, KEPT, FAILED = "demonstration", "drawn", "kept", "failed"
WIDTHS = {SHOWN: 3.0, DRAWN: 1.3, KEPT: 1.3, FAILED: 1.3}
VIEWS = ("From above", "From the side")
MM = 1000.0
GAP = np.full((1, 3), np.nan)


@dataclass(frozen=True)
class Path:
    """One motion of the tool.

    Attributes:
        parent: Episode that it comes from.
        points: Positions (n, 3), metres, base frame.
        state: drawn (not replayed yet), kept or failed.
    """

    parent: str
    points: np.ndarray
    state: str = DRAWN


class PathPlot(Plot):
    """All motions projected onto two axes of the base frame: one curve per state, gaps between the motions."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, " ", " ", equal=True)
        self._lines = {}
        for height, state in enumerate((FAILED, KEPT, DRAWN, SHOWN)):
            colour, style = look(theme, state)
            line = self.curve(colour, WIDTHS[state], style, connect="finite")
            line.setZValue(height)
            self._lines[state] = line
        self._ends = self.plotItem.plot(
            pen=None, symbol="x", symbolSize=9, symbolPen=pen(theme.colour("bad"), 1.5), symbolBrush=None
        )
        self._marked = self.curve(theme.colour("warning"), 4.0)
        self._marked.setZValue(20)

    def show_paths(
        self, motions: Mapping[str, Sequence[np.ndarray]], marked: np.ndarray | None, across: int, up: int
    ) -> None:
        """Draw motions (n, 3) by state, with base axis `across` to the right and `up` upwards."""
        for axis, name in (("bottom", across), ("left", up)):
            self.plotItem.setLabel(axis, f"{'xyz'[name]}  mm", **self.label_style())
        for state, line in self._lines.items():
            points = joined(motions.get(state, ())) * MM
            line.setData(points[:, across], points[:, up])
        ends = [path[-1] for path in motions.get(FAILED, ())]
        tips = np.array(ends).reshape(-1, 3) * MM
        self._ends.setData(tips[:, across], tips[:, up])
        chosen = (np.zeros((0, 3)) if marked is None else marked) * MM
        self._marked.setData(chosen[:, across], chosen[:, up])


def look(theme: Theme, state: str) -> tuple[QColor, Qt.PenStyle]:
    """Return colour and line style of a state; a failure is dashed too."""
    colours = {
        SHOWN: theme.colour("text"), DRAWN: theme.signal("path"), KEPT: theme.colour("good"),
        FAILED: theme.colour("bad"),
    }  # fmt: skip
    return colours[state], Qt.PenStyle.DashLine if state == FAILED else Qt.PenStyle.SolidLine


def joined(motions: Sequence[np.ndarray]) -> np.ndarray:
    """Return motions (n, 3) one after the other, with a NaN row after each."""
    return (
        np.concatenate([part for motion in motions for part in (motion, GAP)])
        if motions
        else np.zeros((0, 3))
    )


class PathView(QWidget):
    """Two plots of the same motions; demonstrations are bold, failures dashed with a cross at their end."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.demonstrations: dict[str, np.ndarray] = {}
        self.attempts: list[Path] = []
        self._only = ""
        self._marked: int | None = None
        self.plots = [PathPlot(theme) for _ in VIEWS]
        self.legend = Readout(theme, [(name, *look(theme, name)) for name in WIDTHS], width=176)
        self._build()

    def _build(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._theme.grid())
        plots = QVBoxLayout()
        plots.setSpacing(self._theme.grid(0.5))
        for title, plot in zip(VIEWS, self.plots, strict=True):
            plots.addWidget(label(title, "small"))
            plots.addWidget(plot, 1)
        layout.addLayout(plots, 1)
        layout.addWidget(self.legend, 0, Qt.AlignmentFlag.AlignTop)

    def clear(self) -> None:
        """Show nothing."""
        self.demonstrations.clear()
        self.attempts.clear()
        self._marked = None
        self.redraw()

    def show_demonstration(self, uuid: str, points: np.ndarray) -> None:
        """Add a demonstration (n, 3), metres."""
        self.demonstrations[uuid] = points
        self.redraw()

    def show_attempts(self, attempts: list[Path]) -> None:
        """Show these motions."""
        self.attempts = list(attempts)
        self._marked = None
        self.redraw()

    def add_attempt(self, path: Path) -> None:
        """Add one motion."""
        self.attempts.append(path)
        self.redraw()

    def show_only(self, parent: str) -> None:
        """Show the motions of one demonstration; empty: of all."""
        self._only = parent
        self.redraw()

    def mark(self, number: int | None) -> None:
        """Make one attempt stand out."""
        self._marked = number
        self.redraw()

    def motions(self) -> dict[str, list[np.ndarray]]:
        """Return what is drawn, by state."""
        found: dict[str, list[np.ndarray]] = {name: [] for name in WIDTHS}
        found[SHOWN] = [points for uuid, points in self.demonstrations.items() if self._only in ("", uuid)]
        for path in self.attempts:
            if self._only in ("", path.parent):
                found[path.state].append(path.points)
        return found

    def redraw(self) -> None:
        """Draw everything again; the longer of x and y lies across, so that a stroke is seen from its side."""
        motions = self.motions()
        everything = joined([*motions[SHOWN], *motions[DRAWN], *motions[KEPT], *motions[FAILED]])
        spans = (
            np.zeros(3)
            if len(everything) == 0
            else np.nanmax(everything, axis=0) - np.nanmin(everything, axis=0)
        )
        across = int(spans[1] > spans[0])
        marked = None if self._marked is None else self.attempts[self._marked].points
        for plot, up in zip(self.plots, (1 - across, 2), strict=True):
            plot.show_paths(motions, marked, across, up)
        self.legend.show_values([str(len(paths)) if paths else "" for paths in motions.values()])
