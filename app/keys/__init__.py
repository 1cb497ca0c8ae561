"""Keys for serving a rig to other machines: the role `keys`."""
