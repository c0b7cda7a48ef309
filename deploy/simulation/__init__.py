"""A simulated robot: physics, its own watchdog, and a process over DDS."""
