"""The parts of the window that stay: header, rail, status strip, key map."""
