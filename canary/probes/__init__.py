"""Asking every service what a user would ask, and holding each answer against its conditions."""
