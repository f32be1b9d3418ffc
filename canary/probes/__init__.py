"""The probes: requests that a user would send, and the conditions that their answers must meet."""
