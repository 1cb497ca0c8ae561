"""Streaming Diffusion Policy: a buffer whose near chunks are nearly clean; one chunk comes out per call."""
