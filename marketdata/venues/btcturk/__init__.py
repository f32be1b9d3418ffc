"""BTCTurk Spot: its frames and answers, and the parts that follow it."""
