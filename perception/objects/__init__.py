"""The object: what it looks like, where it is, how it is held."""
