"""What strangers do to the published ports, and what others notice of it."""
