"""Builds the house: the one place that knows which part serves which."""
