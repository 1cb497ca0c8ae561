"""Depth pictures of all cameras as one coloured cloud in the base frame, in a process of its own (role `cloud`)."""
