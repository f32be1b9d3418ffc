"""The HTTP door, a module for each of its sides: parses, calls, maps the result; nothing is decided here."""
