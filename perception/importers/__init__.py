"""Other people's motion in: a person's as a `Track`, a robot's as a `Prior`."""
