"""Market data: venue sockets in; latest quotes, books and trades out, each with its age and sequence."""
