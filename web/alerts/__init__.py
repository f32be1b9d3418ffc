"""The alerts: Alertmanager's messages, its list, and the inbox that follows from the two."""
