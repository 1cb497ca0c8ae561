"""A page of means with their intervals, as SVG: panels side by side, rows below each other. Used by study and audit.

Written here because no plotting library is among the dependencies, and a dot with a whisker needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

INK, MUTED, RULE, PAPER = "#1b2129", "#5d6670", "#d9dee3", "#ffffff"
COLOURS = (
    "#0072b2",
    "#009e73",
    "#d55e00",
    "#cc79a7",
    "#8a6d00",
    "#56b4e9",
)  # Okabe and Ito, the yellow darkened
FONT = "font-family='Inter, DejaVu Sans, Arial, sans-serif'"
LABEL_W, PANEL_W, GAP, ROW_H, EDGE = 450.0, 210.0, 44.0, 26.0, 28.0
TITLE_H, HEAD_H, AXIS_H, GROUP_H, LINE_H = 34.0, 30.0, 34.0, 34.0, 19.0
DOT, WHISKER = 4.5, 2.0
LETTERS_PER_LINE = 118


@dataclass(frozen=True)
class Mark:
    """A mean with its interval; without a mean, `note` stands in its place."""

    mean: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One row: its label, a colour, and one mark per panel (None leaves the panel empty)."""

    label: str
    marks: Sequence[Mark | None]
    colour: str = COLOURS[0]


@dataclass(frozen=True)
class Block:
    """Rows under a heading."""

    heading: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Axis:
    """Of a panel: range, ticks, what they mean, and where a reference line stands (None: nowhere)."""

    low: float
    high: float
    ticks: Sequence[float]
    name: str
    reference: float | None = None


def page(
    title: str,
    panels: Sequence[tuple[str, Axis]],
    blocks: Sequence[Block],
    lines: Sequence[str] = (),
) -> str:
    """Return an SVG page.

    Args:
        panels: Name and axis of each, from left to right; the name of the first axis stands at the left.
        lines: Sentences below the panels; long ones are broken.
    """
    below = [part for line in lines for part in broken(line, LETTERS_PER_LINE)]
    width = EDGE * 2 + LABEL_W + len(panels) * (PANEL_W + GAP)
    top = EDGE + TITLE_H + HEAD_H
    rows_h = sum(GROUP_H + ROW_H * len(block.rows) for block in blocks)
    height = top + rows_h + AXIS_H + LINE_H * len(below) + EDGE
    parts = [
        (
            f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:g}' height='{height:g}' "
            f"viewBox='0 0 {width:g} {height:g}'>"
        ),
        f"<rect width='{width:g}' height='{height:g}' fill='{PAPER}'/>",
        text(EDGE, EDGE + 16, title, 19, weight=600),
    ]
    axes = [axis for _, axis in panels]
    for index, (name, axis) in enumerate(panels):
        parts += _panel(index, name, top, rows_h, axis)
    y = top
    for block in blocks:
        parts += _block(block, y, axes)
        y += GROUP_H + ROW_H * len(block.rows)
    parts += [
        text(EDGE, y + AXIS_H + LINE_H * (index + 1), line, 13, MUTED) for index, line in enumerate(below)
    ]
    return "\n".join([*parts, "</svg>", ""])


def broken(words: str, letters: int) -> list[str]:
    """Return a sentence as lines of at most `letters` letters, where its words allow it."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) > letters and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def text(
    x: float, y: float, words: str, size: float, fill: str = INK, weight: int = 400, anchor: str = "start"
) -> str:
    """Return a line of text, its baseline at y."""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size:g}' font-weight='{weight}' fill='{fill}' "
        f"text-anchor='{anchor}'>{escape(words)}</text>"
    )


def _left(index: int) -> float:
    return EDGE + LABEL_W + index * (PANEL_W + GAP)


def _x(value: float, index: int, axis: Axis) -> float:
    share = (min(max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)
    return _left(index) + share * PANEL_W


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' stroke-width='{width:g}'/>"


def _panel(index: int, name: str, top: float, rows_h: float, axis: Axis) -> list[str]:
    foot = top + rows_h
    parts = [text(_left(index), top - 8, name, 14, weight=600)]
    for tick in axis.ticks:
        x = _x(tick, index, axis)
        strong = axis.reference is not None and abs(tick - axis.reference) < 1e-9
        parts.append(_line(x, top, x, foot, MUTED if strong else RULE, 1.0))
        parts.append(text(x, foot + 16, f"{tick:g}", 12, MUTED, anchor="middle"))
    if index == 0:
        parts.append(text(EDGE, foot + 16, axis.name, 12, MUTED))
    return parts


def _block(block: Block, y: float, axes: Sequence[Axis]) -> list[str]:
    parts = [text(EDGE, y + 22, block.heading, 14, MUTED, weight=600)]
    for number, row in enumerate(block.rows):
        middle = y + GROUP_H + ROW_H * (number + 0.5)
        parts.append(text(EDGE, middle + 4.5, row.label, 13))
        for index, mark in enumerate(row.marks):
            parts += _mark(mark, index, middle, row.colour, axes[index]) if mark is not None else []
    return parts


def _mark(mark: Mark, index: int, y: float, colour: str, axis: Axis) -> list[str]:
    if mark.mean is None:
        return [text(_left(index) + 4, y + 4.5, mark.note, 12, MUTED)]
    x = _x(mark.mean, index, axis)
    parts = []
    if mark.low is not None and mark.high is not None:
        parts.append(_line(_x(mark.low, index, axis), y, _x(mark.high, index, axis), y, colour, WHISKER))
    parts.append(
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{DOT:g}' fill='{colour}' stroke='{PAPER}' stroke-width='1'/>"
    )
    return parts
