"""The tasks, each a table."""
