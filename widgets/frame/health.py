"""Health dots of the header: one for each device, with the measured rate, in words on hover."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.core.wire.messages import ServerInfo, StreamSpec
from widgets.bridge.rates import Health
from widgets.theme.tokens import Theme

STALE_S = 1.0
LOW = 0.8  # of the nominal rate
NOT_SHOWN = ("vision", "bench")  # an estimate and a clock tick: no device that could fail on its own


@dataclass(frozen=True)
class Dot:
    """One device as the header shows it: colour name of the theme, and words."""

    name: str
    colour: str
    rate: str
    words: str


def rate_text(rate_hz: float) -> str:
    """Return a rate in few characters: "1.0 kHz", "250 Hz", "4.8 Hz"."""
    if rate_hz >= 1000:
        return f"{rate_hz / 1000:.1f} kHz"
    return f"{rate_hz:.0f} Hz" if rate_hz >= 10 else f"{rate_hz:.1f} Hz"


def dots(info: ServerInfo | None, health: dict[str, Health]) -> list[Dot]:
    """Return one dot per device that has streams of a nominal rate, by the health of its fastest one."""
    fastest: dict[str, StreamSpec] = {}
    for spec in info.streams if info is not None else ():
        if spec.rate_hz > 0 and not spec.privileged and spec.device not in NOT_SHOWN:
            best = fastest.get(spec.device)
            if best is None or spec.rate_hz > best.rate_hz:
                fastest[spec.device] = spec
    return [_dot(device, spec, health.get(spec.topic)) for device, spec in fastest.items()]


def _dot(device: str, spec: StreamSpec, health: Health | None) -> Dot:
    if health is None:
        return Dot(device, "bad", "–", f"{device}: nothing came yet")
    rate = rate_text(health.rate_hz)
    words = (
        f"{device}: {rate} of {rate_text(spec.rate_hz)}, {health.gaps} missing, {health.overflow} not drawn"
    )
    if health.age_s > STALE_S:
        return Dot(device, "bad", "silent", f"{device}: silent for {health.age_s:.0f} s")
    colour = "good" if health.rate_hz >= LOW * spec.rate_hz else "warning"
    return Dot(device, colour, rate, words)


DOT_ALONE = 20  # pixels


class HealthDots(QWidget):
    """A row of dots; repainted only when what it says changes."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._dots: list[Dot] = []
        self.setToolTip("No rig is connected")

    def show_dots(self, dots_now: list[Dot]) -> None:
        """Show these."""
        if dots_now != self._dots:
            self._dots = dots_now
            self.setToolTip("\n".join(dot.words for dot in dots_now) or "No rig is connected")
            self.updateGeometry()
            self.update()

    def _cell(self) -> tuple[int, int]:
        names = QFontMetrics(self._theme.font("small", bold=True))
        rates = QFontMetrics(self._theme.number_font("small"))
        name = max((names.horizontalAdvance(dot.name) for dot in self._dots), default=0)
        return name, rates.horizontalAdvance("1.0 kHz")

    def sizeHint(self) -> QSize:
        """Room for every dot; rates keep their room so that nothing jumps."""
        return QSize(len(self._dots) * self._widths()[0], self._theme.px("control"))

    def minimumSizeHint(self) -> QSize:
        """Room for the dots alone."""
        return QSize(len(self._dots) * self._widths()[-1], self._theme.px("control"))

    def _widths(self) -> tuple[int, int, int]:
        """Return the width of a device with name and rate, with its name, and as a dot alone."""
        name, rate = self._cell()
        return name + rate + 40, name + 34, DOT_ALONE

    @property
    def detail(self) -> int:
        """How much of each device there is room for: 2 name and rate, 1 its name, 0 its dot; the tool tip says all."""
        fits = [len(self._dots) * width <= self.width() for width in self._widths()[:-1]]
        return 2 if fits[0] else 1 if fits[1] else 0

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw dot, name, rate for each device."""
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        name, rate = self._cell()
        x, height, detail = 0.0, self.height(), self.detail
        step = self._widths()[2 - detail]
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        for dot in self._dots:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour(dot.colour))
            painter.drawEllipse(QRectF(x, height / 2 - 5, 10, 10))
            if detail:
                painter.setFont(self._theme.font("small", bold=True))
                painter.setPen(self._theme.colour("text"))
                painter.drawText(QRectF(x + 16, 0, name + 2, height), middle, dot.name)
            if detail == 2:
                painter.setFont(self._theme.number_font("small"))
                painter.setPen(self._theme.colour("muted" if dot.colour == "good" else dot.colour))
                painter.drawText(QRectF(x + 22 + name, 0, rate + 2, height), middle, dot.rate)
            x += step
