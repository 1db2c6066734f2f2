"""LEARN: what an incident leaves behind, so that the next one is smaller."""
