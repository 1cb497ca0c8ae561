"""Policies, one sub-package each. `POLICIES` names them; a new one is added here."""

from __future__ import annotations

POLICIES: tuple[str, ...] = ("rdp", "flow", "diffusion", "streaming")
