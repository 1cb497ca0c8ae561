"""Diffusion Policy: chunks of actions by DDIM, the network predicts the clean chunk."""
