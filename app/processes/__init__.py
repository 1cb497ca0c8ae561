"""Child processes: how a parent starts, hears and stops them, and how a child behaves."""
