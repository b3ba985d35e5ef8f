"""What every store does with a batch, whatever is behind it: no SQL, no messages."""
