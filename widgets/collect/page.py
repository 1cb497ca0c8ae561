"""The workspace Collect (under construction)."""

from __future__ import annotations

from widgets.hand.keys import HELP
from widgets.page import Page


class CollectPage(Page):
    """See and feel what the robot does, drive it, record demonstrations."""

    title = "Collect"
    icon = "collect"
    key = 1
    key_help = HELP
