"""Brings a database to the newest version of its tables. Alembic is imported only where needed."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from relight.store.engine import Database, DatabaseBroken, StoreUnavailable
from relight.store.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"
# Any number will do as long as every process takes the same one.
_LOCK = 0x52454C49


class DatabaseTooNew(StoreUnavailable):
    """This data folder was written by a newer Relight."""

    hint = "Install that version again, or restore a backup from before the upgrade."


def known_versions() -> list[str]:
    """List the versions this program can make, oldest first: the numbers of the migration files."""
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def prepare(database: Database) -> None:
    """Bring an empty or older database to the newest version; safe when several processes do.

    Raises `DatabaseTooNew`, or `DatabaseBroken` where the file is of another program.
    """
    newest = known_versions()[-1]
    with database.read() as tx:
        if _version(tx, database) == newest:
            return
    with database.write() as tx:
        if not database.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _version(tx, database) != newest:
            _migrate(tx)


def _version(tx: Connection, database: Database) -> str | None:
    """Give the version of the database, or None when it is empty."""
    tables = set(inspect(tx).get_table_names())
    if VERSION_TABLE not in tables:
        # An SQLite file is ours alone; a PostgreSQL schema may hold the tables of others.
        strange = tables if database.is_sqlite else tables & metadata.tables.keys()
        if strange:
            msg = f"{_where(database)} holds tables of another program: {min(strange)}."
            raise DatabaseBroken(msg, hint="Choose another data folder or database for Relight.")
        return None
    version = tx.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608 - our own constant
    if version is not None and version not in known_versions():
        raise DatabaseTooNew
    return version


def _where(database: Database) -> str:
    name = database.url.database or "The database"
    return Path(name).name if database.is_sqlite else f"The database {name}"


def _migrate(tx: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
