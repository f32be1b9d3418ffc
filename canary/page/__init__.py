"""The check of the console in a real browser, on demand. It runs on the host, with Python's standard library alone."""
