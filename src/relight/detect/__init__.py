"""DETECT: from a probe's answer to an incident that someone hears about."""
