"""The panel of the operator input: what is plugged in, its settings, the dead-man's key, tones. Key I."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.teleop.inputs import Found
from app.teleop.settings import KEYS
from widgets.hand.hand import Hand
from widgets.inputs.choice import InputChoice
from widgets.inputs.form import InputForm
from widgets.inputs.key_capture import KeyCapture
from widgets.inputs.tones import Tones
from widgets.parts.text import add_field, form, label, row, set_role
from widgets.theme.tokens import Theme

NONE_FOUND = "Nothing else is plugged in. A SpaceMouse, a gamepad or a leader arm appears here by itself."
OFF = "A tone whose pitch follows the contact force; an alarm near the limit"


LONGEST = 40  # letters of a name in the list; the whole of it is in the tooltip


def shortened(name: str) -> str:
    """Return a name that fits the list."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


class InputPanel(QFrame):
    """Floats over the page while it is open. It takes no focus by itself, so that the arm can be driven beside it."""

    def __init__(self, choice: InputChoice, hand: Hand, tones: Tones, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._choice, self._tones, self._theme = choice, tones, theme
        self.setProperty("role", "card")
        self.setFixedWidth(theme.grid(58))
        self._radios = QButtonGroup(self)
        self._entries: list[Found] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.note = label("", "muted", wrap=True)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.settings = InputForm(theme)
        self.dead_man = KeyCapture(hand)
        self.refusal = label("", "error", wrap=True)
        self.tones, self.volume = QCheckBox("Tones"), QSlider(Qt.Orientation.Horizontal)
        self.sound_note = label("", "muted", wrap=True)
        self._build()
        self._connect()
        self._show_choice()
        self._show_tones()
        self.hide()

    def _build(self) -> None:
        theme = self._theme
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.grid(2), theme.grid(1.5), theme.grid(2), theme.grid(2))
        outer.setSpacing(theme.grid())
        outer.addLayout(self._head())
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.grid(), 0)
        column.setSpacing(theme.grid())
        column.addLayout(self._list)
        column.addWidget(self.note)
        column.addWidget(label("Settings on this rig", "heading"))
        column.addWidget(self.settings)
        column.addWidget(label("For every input", "heading"))
        fields = form(theme)
        add_field(fields, "Dead-man key", self.dead_man)
        fields.addRow(self.refusal)
        self.volume.setRange(0, 100)
        self.volume.setAccessibleName("Volume of the tones")
        self.tones.setToolTip(f"{OFF} (Ctrl+Shift+M)")
        add_field(fields, "Hear the force", row(self.tones, self.volume, spacing=theme.grid(2)))
        column.addLayout(fields)
        column.addWidget(self.sound_note)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        self._outer, self._content, self._area = outer, column, area
        outer.addWidget(area, 1)

    def _head(self) -> QHBoxLayout:
        close = QPushButton("Close")
        close.setProperty("role", "quiet")
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(self.hide)
        title = label("Operator input", "title")
        return row(title, 1, close)

    def _connect(self) -> None:
        self._choice.changed.connect(self._show_choice)
        self._tones.changed.connect(self._show_tones)
        self._radios.idClicked.connect(self._on_radio)
        self.settings.changed.connect(self._choice.set_settings)
        self.dead_man.refused.connect(self._on_refused)
        self.tones.toggled.connect(self._tones.set_on)
        self.volume.valueChanged.connect(lambda value: self._tones.set_volume(value / 100.0))

    def _on_radio(self, number: int) -> None:
        entry = self._entries[number]
        self._choice.choose(entry.kind, entry.path)

    def _on_refused(self, why: str) -> None:
        self.refusal.setText(f"{why[:1].upper()}{why[1:]}." if why else "")
        self.refusal.setVisible(bool(why))

    def _show_choice(self) -> None:
        choice = self._choice
        entries = choice.entries()
        if entries != self._entries:
            self._list_entries(entries)
        for number, entry in enumerate(self._entries):
            if (entry.kind, entry.path) == (choice.kind, choice.path):
                self._radios.button(number).setChecked(True)
        self.settings.show_settings(choice.kind, choice.settings)
        problems = [
            f"{entry.title}: {entry.problem}. {entry.way_out}." for entry in self._entries if entry.problem
        ]
        if choice.problem and not problems:
            problems.append(choice.problem)
        plugged = any(entry.kind != KEYS for entry in self._entries)
        self.note.setText("\n".join(problems) if plugged else NONE_FOUND)
        self.note.setVisible(bool(self.note.text()))
        set_role(self.note, "warning" if problems else "muted")
        self.refusal.setVisible(bool(self.refusal.text()))
        self._fit()

    def _list_entries(self, entries: list[Found]) -> None:
        self._entries = entries
        for button in self._radios.buttons():
            self._radios.removeButton(button)
            self._list.removeWidget(button)
            button.hide()
            button.deleteLater()
        for number, entry in enumerate(entries):
            button = QRadioButton(shortened(entry.title) + ("  (not ready)" if entry.problem else ""))
            button.setToolTip(f"{entry.title}\n{entry.path or 'They are always there'}")
            button.setMinimumHeight(self._theme.grid(4))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._radios.addButton(button, number)
            self._list.addWidget(button)

    def _show_tones(self) -> None:
        tones = self._tones
        with QSignalBlocker(self.tones), QSignalBlocker(self.volume):
            self.tones.setChecked(tones.on)
            self.volume.setValue(round(tones.volume * 100))
        self.volume.setEnabled(tones.on)
        self.sound_note.setText(tones.problem or OFF + ".")
        set_role(self.sound_note, "warning" if tones.problem else "muted")

    def toggle(self) -> None:
        """Open or close it."""
        if self.isVisible():
            self.hide()
            return
        self._choice.look()
        self.show()
        self.raise_()
        self._fit()

    def _fit(self) -> None:
        """Stand at the lower left of the page, above its bar, no higher than what it holds."""
        page = self.parentWidget()
        if page is None:
            return
        grid, margins = self._theme.grid, self._outer.contentsMargins()
        room = page.height() - grid(11)
        width = self.width() - margins.left() - margins.right()
        needed = self._content_height(width)
        head = self._area.y() if self._area.y() > 0 else grid(7)
        height = min(needed + head + margins.bottom() + 2, room)
        self.setGeometry(grid(2), page.height() - grid(9.5) - height, self.width(), height)

    def _content_height(self, width: int) -> int:
        """Return how high the fields are at a width: wrapped words need more than their size hint says."""
        self._content.activate()
        return max(self._content.totalHeightForWidth(width), self._content.totalMinimumSize().height())
