"""Borsa Istanbul through AlgoLab: login, session, subscriptions, row-wise depth."""
