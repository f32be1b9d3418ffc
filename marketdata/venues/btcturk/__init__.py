"""BTCTurk's feed: subscriptions, books kept in step, instruments, history."""
