"""The durable ledger that two executors share; PostgreSQL for the stack, SQLite for the desk and the tests."""

from executor.ledger.replay import OrderChange
from executor.ledger.rows import RestingOrder
from executor.ledger.store import AccountState, Ledger, OrderChanges
from executor.ledger.transaction import Transaction

__all__ = ["AccountState", "Ledger", "OrderChange", "OrderChanges", "RestingOrder", "Transaction"]
