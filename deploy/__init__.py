"""Skill to robot: runner, safety and the backends that drive simulated and real G1s."""
