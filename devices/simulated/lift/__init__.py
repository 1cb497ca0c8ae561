"""The task lift: two Pandas in one simulation that hold a fragile box between their pads."""
