"""Server-Sent Events of orders and the account: the ledger's log is followed once, and told to all who listen."""
