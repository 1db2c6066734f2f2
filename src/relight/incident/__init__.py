"""DECLARE: the incident, its commands, its events and the pure functions between them."""
