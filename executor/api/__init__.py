"""The HTTP door, a module for each of its sides: parses, calls, maps the outcome; nothing is decided here."""
