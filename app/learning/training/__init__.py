"""The training loop and what it is made of: schedule, optimiser, average, progress, exact resume."""
