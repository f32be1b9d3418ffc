"""The history of the rounds: verdicts, changes, hours and uptime, in one SQLite file."""
