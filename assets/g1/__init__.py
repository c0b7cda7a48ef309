"""The Unitree G1 humanoid."""
