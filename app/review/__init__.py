"""Listing episodes and serving them to the window, without Qt."""
