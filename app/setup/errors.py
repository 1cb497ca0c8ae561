"""What set-up raises; printed by `app.setup.__main__` as one message."""

from __future__ import annotations

from app.core.errors import TouchstoneError


class SetupError(TouchstoneError):
    """This machine cannot be set up as it is."""
