"""How a handler gets at the house that wiring built."""

from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from relight.wiring.house import House

__all__ = ["House", "TheHouse"]

TheHouse: TypeAlias = NamedDependency[SkipValidation[House]]
"""Ask for the house in a handler: `def show(house: TheHouse)`."""
