"""One socket to a venue: dialled, watched, read, and its frames handed over. Knows no venue."""
