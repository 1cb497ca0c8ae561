"""The wizard that calibrates a camera; the work is done by the role `calibrate`, a child process."""
