"""The workspace Review."""
