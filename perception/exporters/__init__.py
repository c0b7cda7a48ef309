"""Priors out, in the layouts that other projects read."""
