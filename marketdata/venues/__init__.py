"""One room for each venue. No room imports another; README.md says how to add one."""
