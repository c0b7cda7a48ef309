"""What everything weighs: the simulator's own gravity, for plans and readings alike."""

GRAVITY = 9.81
"""Acceleration of free fall [m/s²], as MuJoCo's default has it."""
