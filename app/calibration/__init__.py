"""Calibrates cameras with a ChArUco board: lens, place on tool or base, and whether a calibration still holds."""
