"""What a workspace that moves nothing says on the status strip: only while no other workspace has the arm."""

from __future__ import annotations

from widgets.context import WindowContext


def tell_strip(context: WindowContext, words: str, hint: str) -> None:
    """Put words on the strip, unless a workspace moves the arm: its state is shown everywhere."""
    if not context.rig.owner:
        context.status.reset(words=words, hint=hint)
