"""Measures of recorded episodes and of whole sets of them: what is doubtful, where, and why."""
