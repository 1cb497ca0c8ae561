"""Deploying a checkpoint to a rig: policy process, takes, score with an interval."""
