"""A device without hardware or physics that publishes known streams at stated rates: the load of `bench window`."""
