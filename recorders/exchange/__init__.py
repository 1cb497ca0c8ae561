"""Other programs' data sets: what is written for them, and what is read of theirs."""
