"""One kept connection between executors: what the writer alone can do is forwarded to it."""
