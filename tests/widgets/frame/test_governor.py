"""The status strip says what the governor changes, for every reason there is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.core.safety.reasons import ROUTINE, WORDS, Reason
from widgets.bridge.history import History
from widgets.frame.governor import LINGER_S, GovernorWatch
from widgets.hand.keys import EVERYWHERE
from widgets.session import Session
from widgets.status import StatusModel


class Streams:
    """The one history that the watch reads."""

    def __init__(self) -> None:
        self.reasons = History(1)

    def history(self, topic: str) -> History | None:
        return self.reasons if topic == "arm/reasons" else None

    def add(self, t_ns: int, *reasons: Reason) -> None:
        times = np.arange(t_ns, t_ns + len(reasons), dtype=np.int64)
        self.reasons.append(times, np.array([[float(int(reason))] for reason in reasons]))


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Reason)


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: str(reason.name))
def test_one_period_of_any_reason_is_said_for_a_while(qtbot: QtBot, reason: Reason) -> None:
    streams, status, parent, now = Streams(), StatusModel(), QObject(), [100.0]
    watch = GovernorWatch(streams, status, parent, lambda: now[0])  # type: ignore[arg-type]
    watch.stop()
    streams.add(1000, Reason.NONE, reason, Reason.NONE)
    watch.look()
    said = "" if reason & ROUTINE else WORDS[reason]  # that nobody holds the input is what the state says
    assert status.value.governor == said
    streams.add(2000, Reason.NONE)
    now[0] += LINGER_S / 2
    watch.look()
    status.reset(words="READY", hint="Hold Space")
    assert status.value.governor == said
    now[0] += LINGER_S
    watch.look()
    assert status.value.governor == ""


def test_the_strip_shows_it_in_place_of_the_hint(qtbot: QtBot, open_window: Callable[..., Session]) -> None:
    window = open_window().window
    window.context.status.set(hint="Hold Space", governor="")
    assert window.strip.hint == "Hold Space"
    window.context.status.set(governor=WORDS[Reason.WORKSPACE])
    assert window.strip.hint == "Safety governor: the target is outside the workspace."


def test_the_stop_is_called_a_software_stop_and_not_an_emergency_stop(
    qtbot: QtBot, open_window: Callable[..., Session]
) -> None:
    window = open_window().window
    button = next(item for item in window.findChildren(QPushButton) if item.text().startswith("STOP"))
    assert button.isVisible()
    assert "software stop, not an emergency stop" in button.toolTip().lower()
    assert "software stop, not an emergency stop" in dict(EVERYWHERE)["Esc"].lower()
