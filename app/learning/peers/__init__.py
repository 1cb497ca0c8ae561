"""Programs that measure other packages' loaders: run by `bench load --peer`, with the Python that has the package."""
