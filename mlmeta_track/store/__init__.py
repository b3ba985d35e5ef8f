"""Where records live: the promise that every store keeps, and the stores that keep it."""
