"""The door through which time comes in: does what is due, and records what came of it."""
