"""The executor: takes orders, guards them, fills them on paper, and records everything in one durable ledger."""
