"""Plans: asked for, made by a command generator, followed period by period."""
