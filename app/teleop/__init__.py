"""Operators: the hand, the scripted operators and the replay, each a `Controller`, in a process of their own."""
