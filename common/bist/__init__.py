"""Borsa Istanbul's rules, as data with dates."""
