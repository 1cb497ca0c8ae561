"""Remembers how the person left the window: geometry, page, splitters. One broken entry does not spoil the rest."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.core.project import config_folder

Saver = Callable[[], Any]
Restorer = Callable[[Any], None]


class LayoutState:
    """Named entries of JSON values in one file.

    Args:
        path: The file; `layout.json` in the person's settings by default.
        complain: Told when an entry cannot be restored or the file cannot be written.
    """

    def __init__(
        self, path: Path | None = None, complain: Callable[[str], None] = lambda _text: None
    ) -> None:
        self.path = path or config_folder() / "layout.json"
        self._complain = complain
        self._entries: dict[str, tuple[Saver, Restorer]] = {}
        self._stored: dict[str, Any] = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            stored = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self._complain(
                f"The remembered layout {self.path} cannot be read ({error}); the window starts afresh."
            )
            return {}
        return stored if isinstance(stored, dict) else {}

    def add(self, name: str, save: Saver, restore: Restorer) -> None:
        """Register an entry, and restore it if the file has it."""
        self._entries[name] = (save, restore)
        if name not in self._stored:
            return
        try:
            restore(self._stored[name])
        except Exception as error:  # noqa: BLE001 - whatever an old or edited file holds must not stop the window
            self._complain(f"The remembered layout of {name!r} does not fit and is left out ({error}).")

    def save(self) -> None:
        """Write all entries; entries of pages that were not opened are kept as they were."""
        for name, (save, _) in self._entries.items():
            self._stored[name] = save()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_suffix(".tmp")
            temporary.write_text(json.dumps(self._stored, indent=1))
            os.replace(temporary, self.path)
        except OSError as error:
            self._complain(f"The layout cannot be remembered in {self.path} ({error}).")
