"""A trained policy on a running rig: observations, slow planner, fast decoder, controller."""
