"""Where the window meets the other processes: one I/O thread owns the sockets, one 60 Hz timer drains them.

`bridge.py` is the face that pages use; the other files are its parts.
"""
