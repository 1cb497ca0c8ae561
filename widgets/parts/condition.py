"""The field that chooses the condition of a simulated task. Used by Collect and Deploy, for rigs that offer any."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

WORDS = {
    "mixed": "Mixed by seed",
    "nominal": "Nominal",
    "before": "Moved before contact",
    "after": "Moved in contact",
}
TIP = "What happens to the object: nothing, it is moved before or during contact, or the seed decides"


class ConditionField(QComboBox):
    """A list of the conditions that a rig offers; its own choice stands first.

    Args:
        short: One word each, where there is little room.
    """

    def __init__(self, conditions: Sequence[str], short: bool = False) -> None:
        super().__init__()
        for name in conditions:
            words = WORDS.get(name, name.capitalize())
            self.addItem(name.capitalize() if short else words, name)
            self.setItemData(self.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(TIP)
        self.setAccessibleName("Condition")

    def chosen(self) -> str:
        """Return the condition; empty where the rig offers none."""
        return str(self.currentData() or "")

    def choose(self, name: str) -> None:
        """Show a condition; one that the rig does not offer changes nothing."""
        if (index := self.findData(name)) >= 0:
            self.setCurrentIndex(index)
