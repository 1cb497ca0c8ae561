"""Takes and episodes on disk: the journal while recording, HDF5 afterwards, labels and the catalogue beside it."""
