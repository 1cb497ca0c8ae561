"""Touch sensors as parts of a rig: gels with markers seen by a camera, and a force-torque sensor."""
