"""Brings the ledger's tables to the newest revision. Only their owner can; the executors look whether it was done."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from executor.errors import LedgerUnavailable, OldRevision, UnknownRevision
from executor.ledger.engine import reading, why, writing
from executor.ledger.grants import grant_rights

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = "migrations"
"""The lock under which the tables change."""


def migrate(engine: sa.Engine) -> None:
    """Runs the missing migrations and gives the roles their rights, in one transaction.

    Raises `LedgerUnavailable` when the database is away, and `UnknownRevision` for tables that are not of this version.
    """
    with writing(engine, LOCK) as connection:
        upgrade(connection)
        grant_rights(connection)


def upgrade(connection: sa.Connection, revision: str | None = None) -> None:
    """Runs the missing migrations up to a revision, by default the newest.

    The tables are made in the schema that comes first on the connection's search path.
    Raises `UnknownRevision` for tables, or a revision, that are not of this version.
    """
    config, known = _config(), revisions()
    for found in (_present(connection), revision):
        if found is not None and found not in known:
            raise UnknownRevision(found)
    config.attributes["connection"] = connection
    command.upgrade(config, revision or "head")


def require_newest(engine: sa.Engine) -> None:
    """Returns when the tables are of the newest revision.

    Raises `OldRevision` when they are still to be migrated, `UnknownRevision` when they are of another version, and
    `LedgerUnavailable` when the database is away, or lets this role read nothing.
    """
    try:
        with reading(engine) as connection:
            found = _present(connection)
    except sa.exc.ProgrammingError as error:
        raise LedgerUnavailable(why(error)) from error
    known = revisions()
    if found is not None and found not in known:
        raise UnknownRevision(found)
    if found != known[0]:
        raise OldRevision(found, known[0])


def revisions() -> list[str]:
    """Returns the revisions of this version, newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _present(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
