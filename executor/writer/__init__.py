"""The one writer of an account: decides in memory, appends in batches, and holds a lease that each append checks."""
