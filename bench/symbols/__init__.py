"""A venue with any number of symbols, which sends prepared frames at a set rate, and a client that does nothing."""
