"""The message that lists them."""
