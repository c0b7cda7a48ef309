"""Lifecycle nodes around Sugarmill's robot side: they convert messages, no more."""
