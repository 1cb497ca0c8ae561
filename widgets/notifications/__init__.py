"""Everything that went wrong or is worth knowing, in one place: a short toast, and a panel that keeps the list."""
