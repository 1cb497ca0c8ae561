"""Measurements of this machine under Touchstone's load: the role `bench` and what it measures."""
