"""Which inputs there are, how each is opened, and what the person chose for each rig."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from app.core.errors import DeviceError, UsageError
from app.core.project import config_folder
from app.teleop.settings import KEYS, Settings, split_input
from devices.inputs.found import Found, find_inputs, hidraw_of
from devices.inputs.gamepad import Gamepad
from devices.inputs.interface import InputDevice
from devices.inputs.rumble import Motors, events_of
from devices.inputs.spacemouse import SpaceMouse

__all__ = ["INPUT_VARIABLE", "TITLES", "Found", "InputBook", "find_inputs", "open_input"]

INPUT_VARIABLE = "TOUCHSTONE_INPUT"
TITLES = {
    KEYS: "Keyboard and mouse",
    "spacemouse": "SpaceMouse",
    "gamepad": "Gamepad",
    "leader": "Leader arm",
}
Opener = Callable[[str, Settings, Callable[[str], None]], InputDevice]


def _space_mouse(path: str, settings: Settings, _tell: Callable[[str], None]) -> InputDevice:
    return SpaceMouse(hidraw_of(path), settings.second)


def _gamepad(path: str, settings: Settings, tell: Callable[[str], None]) -> InputDevice:
    motors = None
    events = events_of(path) if settings.rumble > 0 else None
    if events is not None:
        try:
            motors = Motors(str(events))
        except DeviceError as error:  # it can still be held: the person hears that it will not shake
            tell(error.sentence())
    return Gamepad(path, motors)


def _leader(path: str, _settings: Settings, _tell: Callable[[str], None]) -> InputDevice:
    from devices.inputs.leader import Leader

    return Leader(path)


OPENERS: dict[str, Opener] = {"spacemouse": _space_mouse, "gamepad": _gamepad, "leader": _leader}


def open_input(text: str, tell: Callable[[str], None] = print) -> tuple[InputDevice | None, Settings]:
    """Open what "KIND:PATH[,SETTING…]" names, for example spacemouse:/dev/hidraw0,yaw=90,lock=wx+wy.

    Returns:
        The device, None for the window's own keys, and the settings.

    Raises:
        UsageError: If there is no such kind or setting.
        DeviceError: If it cannot be opened.
    """
    kind, path, settings = split_input(text)
    if kind == KEYS:
        return None, settings
    if kind not in OPENERS or not path:
        options = [f"{kind}:/dev/…" for kind in OPENERS]
        raise UsageError(f"input {text!r}", "it is not KIND:PATH", options=[*options, f"{KEYS}:"])
    return OPENERS[kind](path, settings, tell), settings


class InputBook:
    """What the person chose for each rig, in one file of the person's settings.

    Args:
        path: `inputs.json` in the person's settings by default.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or config_folder() / "inputs.json"

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # none yet, or no longer readable: the person chooses again
        pages = stored if isinstance(stored, dict) else {}
        return {
            str(rig): {str(key): str(value) for key, value in page.items()}
            for rig, page in pages.items()
            if isinstance(page, dict)
        }

    def chosen(self, rig: str) -> str:
        """Return the text of the input that was chosen last for a rig; $TOUCHSTONE_INPUT if none was."""
        page = self._read().get(rig, {})
        text = page.get(page.get("chosen", ""), os.environ.get(INPUT_VARIABLE, "") or f"{KEYS}:")
        try:
            split_input(text)
        except UsageError:
            return f"{KEYS}:"
        return text

    def settings(self, rig: str, kind: str) -> Settings:
        """Return the settings that a kind of input had last on a rig."""
        text = self._read().get(rig, {}).get(kind, "")
        try:
            return split_input(text)[2] if text else Settings()
        except UsageError:
            return Settings()

    def keep(self, rig: str, text: str) -> None:
        """Keep a choice.

        Raises:
            UsageError: If the text means nothing.
            DeviceError: If the file cannot be written.
        """
        kind, _, _ = split_input(text)
        pages = self._read()
        pages.setdefault(rig, {}).update({kind: text, "chosen": kind})
        temporary = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(pages, indent=1), encoding="utf-8")
            os.replace(temporary, self._path)
        except OSError as error:
            raise DeviceError(
                "operator input", f"the choice cannot be kept in {self._path} ({error.strerror})"
            ) from error
