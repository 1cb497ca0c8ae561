"""Reactive Diffusion Policy: an asymmetric tokenizer (fast, touch) under a latent flow planner (slow)."""
