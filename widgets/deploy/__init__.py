"""The workspace Deploy."""
