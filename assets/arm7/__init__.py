"""A seven-joint arm on a fixed base: XML and constants."""
