"""Sessions on a rig: serving it, recording takes on it, and the state machine of collecting demonstrations."""
