"""Brings the ledger's tables to the newest revision, under a lock, so that two executors may start at once."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from executor.errors import UnknownRevision
from executor.ledger.engine import writing

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: sa.Engine) -> None:
    """Runs the missing migrations in one transaction.

    Raises `LedgerUnavailable` when the database is away, and `UnknownRevision` for tables that are not of this version.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with writing(engine, "migrations") as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            raise UnknownRevision(found)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
