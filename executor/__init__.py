"""The executor: orders in, guarded paper fills out, in one durable ledger."""
