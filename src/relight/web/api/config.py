"""The configuration in force, and what is wrong with the newest reading of it."""

from datetime import datetime

import msgspec
from litestar import get

import relight
from relight.kernel.faults import Fault
from relight.web.account import viewer
from relight.web.api.calling import refusals
from relight.web.house import TheHouse


class ConfigShape(msgspec.Struct, frozen=True, kw_only=True):
    """`refused` says that the files on disk are faulty, so that an older version is in force."""

    name: str
    version: str
    relight: str
    read_at: datetime
    refused: bool
    faults: tuple[Fault, ...]


@get(
    "/config",
    guards=[viewer],
    sync_to_thread=False,
    summary="See the configuration's faults",
    responses=refusals(),
)
def show_config(house: TheHouse) -> ConfigShape:
    """Give the version in force and the faults of the newest reading."""
    loaded = house.kit.loaded
    return ConfigShape(
        name=loaded.catalog.name,
        version=loaded.catalog.version,
        relight=relight.__version__,
        read_at=loaded.at,
        refused=loaded.refused,
        faults=loaded.faults,
    )


HANDLERS = (show_config,)
