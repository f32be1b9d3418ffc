"""Abuse of the published ports, and the others who are served meanwhile."""
