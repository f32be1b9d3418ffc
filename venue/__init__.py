"""The simulated exchange: BTCTurk's public wire protocol in front of a believable, seeded market."""
