"""Choosing what the person holds, and what it is told back: input, its settings, dead-man key, tones."""
