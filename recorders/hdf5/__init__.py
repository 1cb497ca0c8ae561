"""Episode files: one HDF5 file per episode, written once, verified, and never changed afterwards."""
