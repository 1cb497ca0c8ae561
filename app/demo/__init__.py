"""The whole loop without a display: what `make demo` runs."""
