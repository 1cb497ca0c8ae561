"""Bringing episodes into other programs' formats and out of them, within limits. No format is known here."""
