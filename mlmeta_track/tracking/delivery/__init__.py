"""How a batch comes to the store: at once, a little later, or by way of the spool."""
