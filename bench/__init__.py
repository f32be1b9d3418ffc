"""Measurements of the running stack, each beside a baseline of the same run."""
