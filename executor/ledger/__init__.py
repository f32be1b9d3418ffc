"""The durable ledger that the executors share: its tables, its events, and the statements that append to it."""
