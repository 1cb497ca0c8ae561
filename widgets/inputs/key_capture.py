"""A button that takes the next key as the dead-man: a foot pedal sends one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPushButton

from widgets.hand.hand import Hand
from widgets.hand.keys import name_of

ASKING = "Press the key or pedal …"


class KeyCapture(QPushButton):
    """Shows the dead-man's key; pressed, it waits for another.

    Signals:
        refused(str): The key cannot be the dead-man; the text says why. Empty when all is well.
    """

    refused = Signal(str)

    def __init__(self, hand: Hand) -> None:
        super().__init__()
        self._hand = hand
        self.asking = False
        self.setAutoDefault(False)
        self.setAccessibleName("Dead-man key")
        self.setToolTip("Press, then press the key or the foot pedal that shall be held to move the arm")
        self.clicked.connect(self.ask)
        hand.changed.connect(self._show)
        self._show()

    def ask(self) -> None:
        """Wait for a key."""
        self.asking = True
        self._hand.drop("the dead-man key is chosen")
        self.refused.emit("")
        self.setFocus()
        self._show()

    def _show(self) -> None:
        self.setText(ASKING if self.asking else f"{name_of(self._hand.dead_man)}   (change)")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the key."""
        if not self.asking:
            super().keyPressEvent(event)
            return
        event.accept()
        if event.isAutoRepeat():
            return
        self.asking = False
        if event.key() != Qt.Key.Key_Escape:
            self.refused.emit(self._hand.set_dead_man(Qt.Key(event.key())))
        self._show()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The release of the key that was taken presses nothing."""
        event.accept()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab is a key like any other while it asks."""
        return not self.asking and super().focusNextPrevChild(forward)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever goes elsewhere does not choose."""
        self.asking = False
        self._show()
        super().focusOutEvent(event)
