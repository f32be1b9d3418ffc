"""One module per venue that turns its frames into events; no sockets and no clocks here."""
