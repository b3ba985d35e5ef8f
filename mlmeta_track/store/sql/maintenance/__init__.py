"""A store tidied: what goes is found, archived, deleted or made a tombstone, and put back."""
