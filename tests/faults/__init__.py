"""Faults on a running stack: what fires, who is told, what heals, and whether an order is lost (`make faults`)."""
