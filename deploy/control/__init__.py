"""State in, safe command out: the runner, its safety, and the loop."""
