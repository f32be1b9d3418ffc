"""Brings the ledger's tables to the newest revision, under a lock, so that two executors may start at once."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from executor.ledger.engine import writing

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: sa.Engine, revision: str = "head") -> None:
    """Runs what is missing in one transaction; raises `LedgerUnavailable` when the database is away."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with writing(engine, "migrations") as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
