"""Multiplying demonstrations: recipes that perturb a recorded motion, and the process that replays and judges them."""
