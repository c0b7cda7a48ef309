"""What exists: robots, objects, the human actor, sample clips, priors and bundles."""
