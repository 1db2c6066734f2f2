"""What the web door asks of the house that wiring builds."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from relight.desk.changes import Changes
from relight.desk.desk import Desk
from relight.desk.kit import Kit
from relight.kernel.clock import Clock
from relight.kernel.secret import Masker
from relight.store.access import AccessRecords
from relight.store.engine import Database
from relight.store.records import InstanceRecord


class House(Protocol):
    """The parts that pages and API use. `loops` gives the seconds since each loop last turned."""

    @property
    def folder(self) -> Path: ...
    @property
    def database(self) -> Database: ...
    @property
    def kit(self) -> Kit: ...
    @property
    def desk(self) -> Desk: ...
    @property
    def access(self) -> AccessRecords: ...
    @property
    def instance(self) -> InstanceRecord: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def base_url(self) -> str: ...
    @property
    def masker(self) -> Masker: ...
    @property
    def loops(self) -> Mapping[str, float]: ...
    @property
    def allowed_hosts(self) -> tuple[str, ...]: ...
    @property
    def send_sign_in(self) -> Callable[[str], None]: ...


TheHouse: TypeAlias = NamedDependency[SkipValidation[House]]
"""Ask for the house in a handler: `def show(house: TheHouse)`."""
