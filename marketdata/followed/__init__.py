"""The symbols that are followed, as an operator changes them while the service runs."""
