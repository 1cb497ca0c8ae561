"""The device server: sockets, commands, governor, and the two ways of pacing (real time, lock-step)."""
