"""The studio: a rendered person, with the truth beside each clip."""
