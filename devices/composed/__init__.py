"""A device made of parts that a rig file names, behind the one `Device` interface."""
