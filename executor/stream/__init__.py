"""Server-Sent Events of orders and the account: one loop follows the ledger's log for all streams."""
