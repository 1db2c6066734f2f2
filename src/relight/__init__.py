"""Relight: detect, page, communicate, recover and learn, in the order an incident needs them."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    """Read ``__version__`` from the installed metadata when it is first asked for."""
    if name != "__version__":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib.metadata import version  # costs 20 ms, and most commands never ask

    found = version("relight")
    globals()["__version__"] = found
    return found
