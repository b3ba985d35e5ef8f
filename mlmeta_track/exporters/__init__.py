"""What was recorded, in the vocabularies of others; each comes through the public hooks."""
