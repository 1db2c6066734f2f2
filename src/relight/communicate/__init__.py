"""COMMUNICATE: what the public is told, and where it can be read."""
