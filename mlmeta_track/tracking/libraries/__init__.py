"""How calls of other people's libraries are found, told apart and recorded."""
