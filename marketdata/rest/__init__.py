"""A venue's REST calls: within its limits, with waits and tries, and what can go wrong."""
