"""The workspace Collect: see and feel what the robot does, drive it, record demonstrations."""
