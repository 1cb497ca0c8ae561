"""Operator inputs: what a person's hand holds. Read in the operator process, without an SDK."""
