"""The human actor: a body to pose and render, never simulated."""
