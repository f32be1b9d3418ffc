"""A healthy stack that is only looked at, and one that is used a lot: no alert fires in either."""
