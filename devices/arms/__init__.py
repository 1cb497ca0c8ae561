"""Arms as parts of a rig."""
