"""Borsa Istanbul in the simulated exchange: shares, an index and the dollar, behind AlgoLab's protocol."""
