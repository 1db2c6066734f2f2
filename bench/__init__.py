"""Measurements: `make bench` runs them all and writes bench/report.md; no test asserts a time."""
