"""The simulated venues: BTCTurk and Borsa Istanbul, each behind its own wire protocol, over seeded markets."""
