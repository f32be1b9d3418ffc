"""The rights that the roles of a ledger have on its tables: what the code needs, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from executor.ledger.schema import metadata

EXECUTOR, BACKUP = "spark_executor", "spark_backup"
RIGHTS: Mapping[str, str] = {
    "alembic_version": "SELECT",
    "events": "SELECT, INSERT",
    "postings": "SELECT, INSERT",
    "fills": "SELECT, INSERT",
    "orders": "SELECT, INSERT, UPDATE (status, filled_quantity, average_price, fees, updated_at, sequence, is_open)",
    "leases": "SELECT, INSERT, UPDATE (epoch, holder, address, backend, heartbeat_at)",
    "accounts": "SELECT, INSERT, DELETE",
    "balances": "SELECT, INSERT, DELETE",
    "consumption": "SELECT, INSERT, DELETE",
    "anchors": "SELECT, INSERT, DELETE",
    "backups": "SELECT",
}
"""An executor's rights on each table. Events, postings and fills are append-only: no right changes or removes a row."""
TABLES = frozenset({*metadata.tables, "alembic_version"})
"""The tables of a ledger."""


def grant_rights(connection: sa.Connection) -> None:
    """Gives each role its rights, and takes away all others. The tables' owner calls this, after the migrations.

    A database without these roles stays as it is: its tables are for their owner alone.
    """
    known = sa.select(sa.column("rolname", sa.Text)).select_from(sa.table("pg_roles"))
    roles = {*connection.execute(known).scalars()} & {EXECUTOR, BACKUP}
    if roles:
        for statement in _statements(roles):
            connection.exec_driver_sql(statement)


def _statements(roles: set[str]) -> Iterator[str]:
    all_roles = ", ".join(sorted(roles))
    for what in ("SCHEMA public", "ALL TABLES IN SCHEMA public", "ALL FUNCTIONS IN SCHEMA public"):
        yield f"REVOKE ALL ON {what} FROM PUBLIC, {all_roles}"
    yield f"GRANT USAGE ON SCHEMA public TO {all_roles}"
    if EXECUTOR in roles:
        for table, rights in RIGHTS.items():
            yield f"GRANT {rights} ON {table} TO {EXECUTOR}"
        yield f"GRANT EXECUTE ON FUNCTION ledger_append, ledger_checkpoint TO {EXECUTOR}"
    if BACKUP in roles:
        yield f"GRANT SELECT ON {', '.join(sorted(TABLES))} TO {BACKUP}"
        # The time is the server's own: the role can't say that a backup is newer than it is.
        yield f"GRANT INSERT (file) ON backups TO {BACKUP}"
