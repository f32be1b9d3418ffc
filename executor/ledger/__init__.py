"""The durable ledger that two executors share; PostgreSQL for the stack, SQLite for the desk and the tests."""

from executor.ledger.replay import Change
from executor.ledger.rows import Resting
from executor.ledger.store import Changes, Condition, Ledger
from executor.ledger.transaction import Transaction

__all__ = ["Change", "Changes", "Condition", "Ledger", "Resting", "Transaction"]
