"""The contact tasks of the simulated bench: variation from a seed, true state, score."""
