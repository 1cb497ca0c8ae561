"""The safety governor: pure functions of state, command and time. Called by every device server, next to the motor."""
