"""What lists and pages show of a store: runs, steps, artifacts and experiments as plain values."""
