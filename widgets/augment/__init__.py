"""The workspace Augment."""
