"""Two executors and their PostgreSQL under SIGKILL while clients trade: is anything lost, doubled or over-filled?"""
