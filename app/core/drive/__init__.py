"""How anything that moves the arm talks to a device server: one loop for operators, replays and policies."""
