"""Verifying evidence without a stack and without a network: a package, or a whole folder with its chain."""
