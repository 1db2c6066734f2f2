"""The kit folder: `relight.yaml` read into the catalogue, with every fault and its line at once."""
