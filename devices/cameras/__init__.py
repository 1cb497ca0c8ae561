"""Cameras as parts of a rig: anything that OpenCV opens, and Intel RealSense."""
