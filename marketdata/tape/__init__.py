"""Records what came over the wire and what went out, and shows what was recorded."""
