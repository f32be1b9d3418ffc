"""The durable ledger that two executors share; PostgreSQL for the stack, SQLite for the desk and the tests."""

from executor.ledger.replay import Change, Switch
from executor.ledger.rows import Resting
from executor.ledger.store import Ledger
from executor.ledger.transaction import Transaction

__all__ = ["Change", "Ledger", "Resting", "Switch", "Transaction"]
