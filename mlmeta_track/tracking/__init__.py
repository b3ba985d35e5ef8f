"""Recording: from the user's functions and values to batches in a store."""
