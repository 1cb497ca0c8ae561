"""The recording bar: the one key that walks start, keep, next; discard; plan, person, task; the hand's speed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from widgets.collect.session import BUSY, HELD_BY, CollectSession, Phase
from widgets.hand.hand import Grip, Hand
from widgets.hand.keys import SPEEDS, name_of
from widgets.parts.condition import ConditionField
from widgets.parts.key_button import KeyButton
from widgets.parts.text import pad
from widgets.theme.tokens import State, Theme

PRIMARY = {
    Phase.OFF: "Connect",
    Phase.CONNECTING: "Connecting …",
    Phase.STARTING: "Starting …",
    Phase.SCRIPT: "Script drives",
    Phase.RESETTING: "Resetting …",
    Phase.READY: "Start take",
    Phase.RECORDING: "Keep take",
    Phase.SAVING: "Saving …",
    Phase.KEPT: "Next take",
    Phase.FAULT: "Try again",
}
NARROW = 138  # grid steps: below this the buttons and all labels have no room beside each other
OPERATORS = (("hand", "By hand"), ("script", "By script"))


class HandGauge(QAbstractButton):
    """Shows whether the dead-man is held, the speed as bars, and the input; pressed, it lets another be chosen."""

    def __init__(self, session: CollectSession, hand: Hand, theme: Theme) -> None:
        super().__init__()
        self._session, self._hand, self._theme = session, hand, theme
        self.setFixedHeight(theme.px("primary"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("− and + change the speed. Press here, or I, to choose the input and its settings.")
        self.setAccessibleName("Operator input")
        hand.changed.connect(self.update)
        session.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """As high as the primary button."""
        return self.size()

    def words(self) -> tuple[str, str]:
        """Return what stands of the dead-man, and of the input."""
        hand, session = self._hand, self._session
        key = name_of(hand.dead_man)
        grip = {Grip.HELD: f"{key} held", Grip.LOST: f"Release {key}", Grip.RELEASED: f"Hold {key} to move"}
        held = HELD_BY.get(session.input.kind, ("", ""))[0]
        first = (
            f"Hold {held.removeprefix('its ')}" if held and hand.grip is Grip.RELEASED else grip[hand.grip]
        )
        modes = session.modes()
        named = session.input.title + (": not there" if session.held.get("problem") else "")
        return (first if hand.engaged else "No hand now"), f"{named} · {modes}" if modes else named

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the grip in words, a bar for each speed, and the input with the key that changes it."""
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, hand = self._theme, self._hand
        first, second = self.words()
        colour = {Grip.HELD: theme.state(State.ARMED)[0], Grip.LOST: theme.colour("bad")}.get(
            hand.grip, theme.colour("muted")
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QRectF(1, 3, 12, 12))
        self._write(
            painter, QRectF(20, 0, self.width() - 20, 18), first, "text" if hand.engaged else "muted", True
        )
        self._write(painter, QRectF(0, 19, 80, 18), "Speed  −  +", "muted", False)
        painter.setPen(Qt.PenStyle.NoPen)
        for index, speed in enumerate(SPEEDS):
            painter.setBrush(theme.colour("accent" if speed <= hand.speed + 1e-9 else "raised"))
            height = 4 + 2 * index
            painter.drawRoundedRect(QRectF(88 + index * 11, 35 - height, 8, height), 2, 2)
        self._draw_input(painter, second)

    def _draw_input(self, painter: QPainter, words: str) -> None:
        theme = self._theme
        box = QRectF(0.5, 39.5, 15, 15)
        painter.setBrush(theme.colour("hover" if self.underMouse() else "raised"))
        painter.setPen(theme.colour("line"))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.font("small"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "I")
        unusual = "·" in words or ":" in words
        room = QRectF(22, 38, self.width() - 22, 18)
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(room.width()))
        self._write(painter, room, shown, "warning" if unusual else "text", unusual)

    def _write(self, painter: QPainter, area: QRectF, words: str, colour: str, bold: bool) -> None:
        painter.setPen(self._theme.colour(colour))
        painter.setFont(self._theme.font("small", bold=bold))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, words)


class RecordingBar(QWidget):
    """Buttons and fields under the live views.

    Signals:
        next_pressed(), discard_pressed(), tare_pressed(): Buttons.
    """

    next_pressed = Signal()
    discard_pressed = Signal()
    tare_pressed = Signal()

    def __init__(self, session: CollectSession, hand: Hand, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._theme, self._narrow = theme, False
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.primary = KeyButton("", "", theme, "primary", "Enter")
        self.primary.clicked.connect(self.next_pressed)
        self.discard = KeyButton("", "", theme, "", "⌫", "Backspace")
        self.discard.setFixedHeight(theme.px("primary"))
        self.discard.clicked.connect(self.discard_pressed)
        self.tare = KeyButton("Tare", "", theme, "", "T", "Make the present force the zero")
        self.tare.setFixedHeight(theme.px("primary"))
        self.tare.clicked.connect(self.tare_pressed)
        for button in (self.primary, self.discard, self.tare):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            row.addWidget(button)
        self.gauge = HandGauge(session, hand, theme)
        row.addWidget(self.gauge)
        row.addLayout(self._fields(theme), 1)
        QWidget.setTabOrder(self.person, self.practice)
        self._set_widths()
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give up room where there is little."""
        super().resizeEvent(event)
        narrow = self.width() < self._theme.grid(NARROW)
        if narrow != self._narrow:
            self._narrow = narrow
            self._set_widths()
            self.refresh()

    def _set_widths(self) -> None:
        """Fix the widths of the buttons; a narrow bar goes without the labels of fields that speak for themselves."""
        grid, narrow = self._theme.grid, self._narrow
        self._row.setSpacing(grid(1 if narrow else 2))
        for button, steps, fewer in (
            (self.primary, 29, 25),
            (self.discard, 20, 17.5),
            (self.tare, 10, 9.5),
            (self.gauge, 20, 19),
        ):
            button.setFixedWidth(grid(fewer if narrow else steps))
        for label in self._labels:
            label.setVisible(not narrow)
        self._row.activate()

    def _fields(self, theme: Theme) -> QGridLayout:
        self.plan = QSpinBox()
        self.plan.setRange(1, 999)
        self.plan.setValue(self._session.plan)
        self.plan.setSuffix(" takes")
        pad(self.plan)
        self.plan.setMinimumWidth(theme.grid(13))
        self.plan.setToolTip("How many takes to keep; also shown in the status strip")
        self.plan.valueChanged.connect(self._session.set_plan)
        self.operator = QComboBox()
        for name, words in OPERATORS:
            self.operator.addItem(words, name)
        self.operator.setToolTip("Who drives the arm")
        self.operator.activated.connect(
            lambda _: self._session.set_operator(str(self.operator.currentData()))
        )
        self.person = QLineEdit(self._session.person)
        self.person.setPlaceholderText("Your name")
        self.person.setMinimumWidth(theme.grid(10))
        self.person.setToolTip("Who drives; it is stored with every take")
        self.instruction = QLineEdit(self._session.instruction)
        self.instruction.setCursorPosition(0)
        self.instruction.setToolTip("The task in words; it is stored with every take")
        for field in (self.person, self.instruction):
            field.editingFinished.connect(self._on_meta)
        self.condition = ConditionField(self._session.conditions, short=True)
        self.condition.activated.connect(lambda _: self._session.set_condition(self.condition.chosen()))
        self.practice = QCheckBox("Practice")
        self.practice.setToolTip("Everything works, nothing is recorded")
        self.practice.toggled.connect(self._session.set_practice)
        return self._arrange(theme)

    def _arrange(self, theme: Theme) -> QGridLayout:
        self._labels: list[QLabel] = []
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        grid.setHorizontalSpacing(theme.grid())
        rows: tuple[tuple[int, int, int, str, QWidget], ...] = (
            (0, 0, 1, "Plan", self.plan),
            (0, 2, 1, "Person", self.person),
            (1, 0, 1, "Driver", self.operator),
            (1, 2, 2, "Task", self.instruction),
        )
        if self.condition.count():
            rows = (*rows[:3], (1, 2, 1, "Condition", self.condition), (1, 4, 1, "Task", self.instruction))
        for line, column, span, words, widget in rows:
            label = QLabel(words)
            label.setProperty("role", "small")
            self._labels.append(label)
            widget.setAccessibleName(words)
            grid.addWidget(label, line, column)
            widget.setFixedHeight(theme.grid(3.5))
            widget.setStyleSheet("min-height: 0;")
            grid.addWidget(widget, line, column + 1, 1, span)
        self.practice.setStyleSheet("min-height: 0;")
        grid.addWidget(self.practice, 0, 4, 1, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 2)
        grid.setColumnStretch(5, 2 if self.condition.count() else 0)
        return grid

    def _on_meta(self) -> None:
        self._session.set_meta(self.person.text().strip(), self.instruction.text().strip())

    def refresh(self) -> None:
        """Show what the keys do now."""
        phase = self._session.phase
        practice = self._session.practice and phase is Phase.READY
        words = "Reset board" if practice else PRIMARY[phase]
        self.primary.setText("Script" if self._narrow and phase is Phase.SCRIPT else words)
        self.primary.setEnabled(phase not in BUSY and phase is not Phase.SCRIPT)
        forms = ("Discard take", "Discard") if phase is Phase.RECORDING else ("Reset board", "Reset")
        self.discard.setText(forms[self._narrow])
        self.discard.setEnabled(phase in (Phase.READY, Phase.RECORDING, Phase.FAULT))
        self.tare.setEnabled(phase in (Phase.READY, Phase.RECORDING))
        self.practice.setEnabled(phase is not Phase.RECORDING)
        self.operator.setEnabled(phase is not Phase.RECORDING)
        self.condition.setEnabled(phase is not Phase.SCRIPT)
