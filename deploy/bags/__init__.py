"""A run on tape: recorded, saved as a bag, replayed bit for bit."""
