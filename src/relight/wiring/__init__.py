"""Builds the house: the one place that knows which part serves which."""

import importlib


def __getattr__(name: str) -> object:
    for module in ("kit", "house"):
        found = importlib.import_module(f"relight.wiring.{module}")
        if hasattr(found, name):
            return getattr(found, name)
    raise AttributeError(name)
