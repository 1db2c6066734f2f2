"""Figures as they come in, and what may be concluded from them.

One vocabulary for all: Prometheus' names, labels and histograms. What OpenTelemetry sends is read
into the same shape, so that a rule and a tile of the dashboard ask no source twice.
"""
