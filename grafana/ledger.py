"""The row of panels about the ledger itself: its verification, and its backups."""

from __future__ import annotations

from grafana.panels import BAD_WHEN_SET, DashboardPanel, DashboardRow
from grafana.queries import shown

LEDGER = DashboardRow(
    "The ledger itself",
    (
        DashboardPanel(
            "Bad rows",
            "Set while a row is not as the events say, until the whole ledger is proved. The log names the row.",
            {"ledger": shown("executor_ledger_verify_failed")},
            kind="stat",
            width=6,
            colours=BAD_WHEN_SET,
            words={"0": "proved", "1": "BAD ROW"},
        ),
        DashboardPanel(
            "Not verified yet",
            "Events that are recorded and not proved yet, since the start of the executor that writes.",
            {"events": f"{shown('executor_ledger_sequence')} - {shown('executor_ledger_verified_sequence')}"},
            width=6,
        ),
        DashboardPanel(
            "Since the last look",
            "Time since what is new, and the whole ledger, were proved. The alert's limits are a day and three days.",
            {"{{look}}": shown("executor_ledger_verify_age_seconds", "look")},
            unit="s",
            width=6,
        ),
        DashboardPanel(
            "Age of the latest backup",
            "Time since a backup was finished and proved; empty when none is known. The line is the alert's limit.",
            {"backup": shown("executor_backup_age_seconds")},
            unit="s",
            width=6,
            colours=((None, "green"), (7 * 86400.0, "red")),
        ),
    ),
)
